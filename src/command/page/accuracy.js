function tauText(tau) {
  if (tau.value === null) return `The weighted Kendall tau of ${counted(tau.models, 'model')} is undefined.`;
  let text = `Weighted Kendall τ ${fixed(tau.value, 3)} over ${counted(tau.models, 'model')}`;
  if (tau.low !== null && tau.high !== null)
    text += `, ${Math.round(tau.level * 100)} % interval ${fixed(tau.low, 2)} to ${fixed(tau.high, 2)}`;
  return `${text}.`;
}

/** Puts names beside their points where they cover neither points and whiskers (`reach`) nor the axes nor each other. */
function placeNames(svg, points, left, width, bottom) {
  const taken = points.map(({ x, y, reach }) =>
    [x - 6, y - Math.max(6, reach), x + 6, y + Math.max(6, reach)]);
  const free = (a) => a[0] >= left && a[2] <= width && a[1] >= 0 && a[3] <= bottom &&
    taken.every((b) => a[2] <= b[0] || a[0] >= b[2] || a[3] <= b[1] || a[1] >= b[3]);
  const layer = svg.append('g').attr('aria-hidden', 'true');
  const names = fittedNames(svg, points.map((point) => point.name), Math.min(170, width * 0.4), { soft: true }).texts;
  for (const [i, point] of points.entries()) {
    const text = layer.append('text').attr('class', 'soft').attr('data-mark', 'name').text(names[i]);
    const length = text.node().getComputedTextLength();
    const places = [[9, 4], [-9 - length, 4], [-length / 2, -10], [-length / 2, 20], [9, -8], [9, 16],
      [-9 - length, -8], [-9 - length, 16]];
    const place = places.find(([dx, dy]) =>
      free([point.x + dx, point.y + dy - 11, point.x + dx + length, point.y + dy + 3]));
    if (!place) {
      text.remove();
      continue;
    }
    text.attr('x', point.x + place[0]).attr('y', point.y + place[1]);
    taken.push([point.x + place[0], point.y + place[1] - 11, point.x + place[0] + length, point.y + place[1] + 3]);
  }
}

function drawAccuracy(box, width, k) {
  const known = shown.map((model, index) => ({ model, index, accuracy: data.accuracy.values[index] }))
    .filter((one) => one.accuracy !== null && one.model.values[k] !== null);
  const height = Math.round(Math.min(380, Math.max(280, width * 0.7)));
  const bottom = height - 46, right = width - 12, top = 10;
  const name = data.measures[k];
  const svg = picture(box, width, height, `${name} against ${data.accuracy.column} of ${counted(known.length, 'model')}`);
  const error = (model) => (k === 0 && hasErrors ? model.standard_error ?? 0 : 0);
  const reach = (model) => y(model.values[k]) - y(model.values[k] + error(model));
  const padded = (low, high) => {
    const pad = (high - low) * 0.08 || Math.abs(high) * 0.01 || 1;
    return [low - pad, high + pad];
  };
  const y = d3.scaleLinear().range([bottom, top])
    .domain(padded(d3.min(known, (one) => one.model.values[k] - error(one.model)) ?? 0,
      d3.max(known, (one) => one.model.values[k] + error(one.model)) ?? 1));
  const values = y.ticks(6), texts = values.map(y.tickFormat(6)), left = leftRoom(svg, texts);
  const x = d3.scaleLinear().range([left, right])
    .domain(padded(d3.min(known, (one) => one.accuracy) ?? 0, d3.max(known, (one) => one.accuracy) ?? 1));
  bottomAxis(svg, x, bottom, top, data.accuracy.column, Math.max(3, Math.floor(width / 90)));
  leftAxis(svg, y, left, right, values, texts);
  leftTitle(svg, top, bottom, name);

  const groups = svg.append('g').selectAll('g').data(known).join('g').attr('data-mark', 'accuracy')
    .attr('transform', (one) => `translate(${x(one.accuracy)},${y(one.model.values[k])})`);
  groups.filter((one) => error(one.model) > 0).append('path').attr('stroke', 'var(--accent)')
    .attr('d', (one) => {
      const length = reach(one.model);
      return `M-3,${-length}h6M0,${-length}V${length}M-3,${length}h6`;
    });
  groups.append('circle').attr('r', 5.5).attr('fill', 'var(--accent)').attr('stroke', 'var(--paper)');
  groups.append('circle').attr('class', 'ring').attr('r', 10);
  marks(groups.nodes().map((node, i) => {
    const one = known[i];
    return {
      node,
      text: `${one.model.name}: ${name} ${fixed(one.model.values[k])}, ${data.accuracy.column} ${brief(one.accuracy)}`,
    };
  }));
  if (known.length <= 40)
    placeNames(svg, known.map((one) =>
      ({ name: one.model.name, x: x(one.accuracy), y: y(one.model.values[k]), reach: reach(one.model) })),
    left, width, bottom);
}

function fillAccuracy() {
  if (!data.accuracy || data.models.length === 0) return;
  byId('accuracy').hidden = false;
  data.measures.forEach((name, k) => {
    const box = element('div', { class: 'chart' }), caption = element('figcaption');
    const tau = data.accuracy.tau.find((one) => one.measure === name);
    const missing = data.models.filter((model, i) =>
      data.accuracy.values[i] === null || (model.values[k] === null && model.status !== 'unbounded')).length;
    caption.textContent = (tau ? tauText(tau) : 'No model has both numbers.') +
      (missing > 0 ? ` ${counted(missing, 'model')} without one of the two numbers ${missing === 1 ? 'is' : 'are'} not drawn.` : '');
    byId('accuracy-charts').append(element('figure', {}, element('h3', {}, name), box, caption));
    chart(box, (target, width) => drawAccuracy(target, width, k));
  });
}
