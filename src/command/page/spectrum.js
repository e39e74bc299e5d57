const spectra = shown.map((model, index) => ({ model, index, points: (model.spectrum ?? []).filter((point) => point[1] > 0) }))
  .filter((one) => one.points.length > 0);
const coloured = 6;
const spectrumColour = (one) => (spectra.indexOf(one) < coloured ? `var(--c${spectra.indexOf(one) + 1})` : 'var(--missing)');

/** Share of the largest eigenvalue at number `n`, between the drawn ones in the logarithms. */
function shareAt(points, n) {
  const after = points.findIndex((point) => point[0] >= n);
  const end = after < 0 ? points.length - 1 : after;
  if (end === 0 || after < 0) return points[end][1] / points[0][1];
  const [a, b] = [points[end - 1], points[end]];
  const part = (Math.log(n) - Math.log(a[0])) / (Math.log(b[0]) - Math.log(a[0]));
  return Math.exp(Math.log(a[1]) * (1 - part) + Math.log(b[1]) * part) / points[0][1];
}

function spectrumText(one) {
  const { model, points } = one, last = points[points.length - 1];
  let text = `${model.name}: ${counted(last[0], 'eigenvalue')}, the last one ${brief(last[1] / points[0][1])} of the first`;
  if (model.gamma) text += `, ${brief(model.gamma.mean)} effective parameters`;
  return text;
}

function drawSpectrum(box, width) {
  const height = Math.round(Math.min(420, Math.max(280, width * 0.5)));
  const right = width - 14, top = 10, bottom = height - 46;
  const svg = picture(box, width, height, `Eigenvalues of the features of ${counted(spectra.length, 'model')}, as shares of the largest one`);
  const longest = d3.max(spectra, (one) => one.points[one.points.length - 1][0]);
  const least = d3.min(spectra, (one) => one.points[one.points.length - 1][1] / one.points[0][1]);
  const y = d3.scaleLog().domain([Math.min(0.5, least), 1]).range([bottom, top]).nice();
  const decades = Math.log10(y.domain()[1] / y.domain()[0]);
  const each = Math.max(1, Math.ceil(decades / 8));
  const ticks = d3.range(0, -Math.ceil(decades) - 1, -each).map((power) => 10 ** power).filter((value) => value >= y.domain()[0] * 0.999);
  const format = (value) => d3.format('.0e')(value).replace('-', '−').replace('1e+0', '1');
  const texts = ticks.map(format), left = leftRoom(svg, texts);
  const x = d3.scaleLog().domain([1, Math.max(2, longest)]).range([left, right]);
  bottomAxis(svg, x, bottom, top, 'number of the eigenvalue', width < 560 ? 4 : 8, '~s');
  leftAxis(svg, y, left, right, ticks, texts);
  leftTitle(svg, top, bottom, 'share of the largest');

  const line = d3.line().x((point) => x(point[0])).y((point) => y(point[1]));
  // The best models last, on top of the others.
  const groups = svg.append('g').selectAll('g').data(spectra.slice().reverse()).join('g').attr('data-mark', 'spectrum');
  groups.append('path').attr('class', 'ring').style('fill', 'none').attr('stroke-width', 6).attr('stroke-linejoin', 'round')
    .attr('d', (one) => line(one.points.map(([n, value]) => [n, value / one.points[0][1]])));
  groups.append('path').attr('fill', 'none').attr('stroke', spectrumColour).attr('stroke-width', 2)
    .attr('d', (one) => line(one.points.map(([n, value]) => [n, value / one.points[0][1]])));
  groups.filter((one) => one.model.gamma?.mean >= 1).append('circle').attr('data-mark', 'effective').attr('r', 5)
    .attr('fill', spectrumColour).attr('stroke', 'var(--paper)').attr('stroke-width', 1.5)
    .attr('cx', (one) => x(Math.min(one.model.gamma.mean, longest)))
    .attr('cy', (one) => y(shareAt(one.points, one.model.gamma.mean)));
  marks(groups.nodes().reverse().map((node, i) => ({ node, text: spectrumText(spectra[i]) })));
}

function drawGamma(box, width) {
  const models = shown.filter((model) => model.gamma);
  const narrow = width < 560, row = narrow ? 40 : 24, top = 8, height = top + row * models.length + 48;
  const svg = picture(box, width, height, `Effective parameters of ${counted(models.length, 'model')}`);
  const column = nameColumn(svg, models, narrow, narrow ? width - 8 : width * 0.4), left = column.left;
  const x = d3.scaleLinear().domain([0, d3.max(models, (model) => Math.max(1, model.feature_rank))])
    .range([left, width - 16]);
  bottomAxis(svg, x, top + row * models.length, top, 'parameters', narrow ? 4 : 8, ',d');
  const groups = svg.append('g').selectAll('g').data(models).join('g').attr('data-mark', 'gamma')
    .attr('transform', (_, i) => `translate(0,${top + i * row})`);
  const middle = narrow ? 28 : row / 2;
  drawNames(groups, column, narrow ? 14 : middle, narrow ? 0 : '.35em');
  const bar = (from, to, thickness, fill) => groups.append('rect').attr('x', (model) => x(from(model)))
    .attr('width', (model) => Math.max(1, x(to(model)) - x(from(model)))).attr('y', middle - thickness / 2)
    .attr('height', thickness).attr('rx', thickness / 2).attr('fill', fill);
  bar(() => 0, (model) => model.feature_rank, 4, 'var(--line)');
  bar((model) => model.gamma.least, (model) => model.gamma.most, 8, 'var(--accent)').attr('opacity', 0.35);
  groups.append('circle').attr('cx', (model) => x(model.gamma.mean)).attr('cy', middle).attr('r', 5)
    .attr('fill', 'var(--accent)').attr('stroke', 'var(--paper)');
  groups.append('rect').attr('class', 'ring').attr('x', 1).attr('width', width - 2).attr('y', 1).attr('height', row - 2)
    .attr('rx', 3);
  marks(groups.nodes().map((node, i) => {
    const model = models[i];
    return {
      node,
      text: `${model.name}: ${brief(model.gamma.mean)} effective parameters on average, ${brief(model.gamma.least)} to `
        + `${brief(model.gamma.most)}, of ${counted(model.feature_rank, 'direction')} that ${counted(model.features, 'feature')} span`,
    };
  }));
}

function fillSpectrum() {
  const some = shown.some((model) => model.gamma);
  if (spectra.length === 0 && !some) return;
  byId('spectrum').hidden = false;
  if (spectra.length > 0) {
    chart(byId('spectrum-chart'), drawSpectrum);
    const first = spectra.slice(0, coloured), names = shortNames(first.map((one) => one.model.name), noLonger(34));
    for (const [i, one] of first.entries())
      byId('spectrum-legend').append(element('li', {},
        element('span', { class: 'swatch thin', style: `background:${spectrumColour(one)}` }), isolated(one.model.name, names[i])));
    if (spectra.length > coloured)
      byId('spectrum-legend').append(element('li', {},
        element('span', { class: 'swatch thin', style: 'background:var(--missing)' }), counted(spectra.length - coloured, 'other model')));
    byId('spectrum-caption').textContent =
      'Eigenvalues of F′F, both axes in logarithms. Dots: the effective parameters, on average over the '
      + `${targetNoun === 'class' ? 'classes' : 'targets'}; what lies right of a dot hardly takes part.`;
  }
  if (!some) return;
  chart(byId('gamma-chart'), drawGamma);
  byId('gamma-caption').textContent =
    `Effective parameters γ. Dots: the mean over the ${targetNoun === 'class' ? 'classes' : 'targets'}; wide bars: from the least to the most; `
    + 'thin lines: the rank of the features.';
}
