const stageNames = [
  ['read', 'reading'], ['statistics', 'statistics'], ['spectrum', 'spectrum'], ['evidence', 'evidence'],
  ['sources', 'leep and nce'], ['other', 'other'],
];

const stageColour = (i) => (stageNames[i][0] === 'other' ? 'var(--missing)' : `var(--c${i + 1})`);

/** Seconds by stage; what a stage does not account for is `other`. Stages overlap where work runs beside reading. */
function stagesOf(model) {
  const s = model.seconds;
  const stages = { read: s.read, statistics: s.statistics, spectrum: s.spectrum, evidence: s.evidence, sources: s.sources };
  const sum = s.read + s.statistics + s.spectrum + s.evidence;
  stages.other = Math.max(0, s.total - sum);
  return stages;
}

function drawTimings(box, width) {
  const narrow = width < 560, row = narrow ? 40 : 24, top = 8, height = top + row * shown.length + 48;
  const svg = picture(box, width, height, `Seconds of ${counted(shown.length, 'model')} by stage`);
  const valueRoom = 70;
  const column = nameColumn(svg, shown, narrow, narrow ? width - 8 : width * 0.4), left = column.left;
  const totals = shown.map((model) => d3.sum(Object.values(stagesOf(model))));
  const x = d3.scaleLinear().domain([0, d3.max(totals) || 1]).range([left, width - valueRoom]);
  bottomAxis(svg, x, top + row * shown.length, top, 'seconds', narrow ? 4 : 8);
  const groups = svg.append('g').selectAll('g').data(shown).join('g').attr('data-mark', 'timing')
    .attr('transform', (_, i) => `translate(0,${top + i * row})`);
  const middle = narrow ? 28 : row / 2;
  drawNames(groups, column, narrow ? 14 : middle, narrow ? 0 : '.35em');
  groups.append('g').selectAll('rect').data((model) => {
    const stages = stagesOf(model);
    let at = 0;
    return stageNames.map(([key], i) => ({ i, from: at, to: (at += stages[key]) })).filter((one) => one.to > one.from);
  }).join('rect').attr('x', (one) => x(one.from)).attr('width', (one) => x(one.to) - x(one.from))
    .attr('y', middle - 6).attr('height', 12).attr('fill', (one) => stageColour(one.i));
  groups.append('text').attr('class', 'soft').attr('x', (_, i) => x(totals[i]) + 6).attr('y', middle).attr('dy', '.35em')
    .text((_, i) => seconds(totals[i]));
  groups.append('rect').attr('class', 'ring').attr('x', 1).attr('width', width - 2).attr('y', 1).attr('height', row - 2)
    .attr('rx', 3);
  marks(groups.nodes().map((node, i) => {
    const stages = stagesOf(shown[i]);
    const parts = stageNames.filter(([key]) => stages[key] > 0).map(([key, name]) => `${name} ${seconds(stages[key])}`);
    return { node, text: `${shown[i].name}: ${seconds(totals[i])} (${parts.join(', ')})` };
  }));
}

function fillTimings() {
  if (shown.length === 0) {
    byId('timings').hidden = true;
    return;
  }
  stageNames.forEach(([key, name], i) => {
    if (!shown.some((model) => stagesOf(model)[key] > 0)) return;
    byId('timings-legend').append(element('li', {},
      element('span', { class: 'swatch', style: `background:${stageColour(i)}` }), name));
  });
  byId('timings-caption').textContent =
    `Wall-clock time of each model; the whole run took ${seconds(data.seconds)} on ${data.engine}.`;
  chart(byId('timings-chart'), drawTimings);
}
