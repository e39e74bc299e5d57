const measure = data.measures[0];
const hasErrors = shown.some((model) => model.standard_error !== undefined && model.standard_error !== null);
const hasTies = shown.some((model, index) => index > 0 && model.tied_with_best);

/** Half the length of a whisker: the standard error, else the bound on the error of the arithmetic. */
const whisker = (model) => (hasErrors ? model.standard_error : model.error_bound) ?? 0;

function modelText(model, index) {
  let text = `${index + 1}. ${model.name}: ${measure} ${scoreText(model)}`;
  if (model.standard_error != null) text += `, standard error ${brief(model.standard_error)}`;
  if (model.beats_next != null) text += `, above the next one with probability ${model.beats_next.toFixed(2)}`;
  if (index > 0 && model.tied_with_best) text += ', not told from the best';
  return text;
}

function scoreScale(range) {
  const finite = shown.filter((model) => model.values[0] !== null);
  let low = d3.min(finite, (model) => model.values[0] - whisker(model)) ?? 0;
  let high = d3.max(finite, (model) => model.values[0] + whisker(model)) ?? 1;
  const pad = (high - low) * 0.05 || Math.abs(high) * 0.01 || 1;
  return d3.scaleLinear().domain([low - pad, high + pad]).range(range);
}

/** Whiskers shorter than a pixel say nothing. */
function whiskersShow(scale) {
  return shown.some((model) => model.values[0] !== null &&
    scale(model.values[0] + whisker(model)) - scale(model.values[0]) >= 1);
}

function drawRanking(box, width) {
  const narrow = width < 560, row = narrow ? 46 : 28, top = 8;
  const height = top + row * shown.length + 48;
  const svg = picture(box, width, height, `${counted(shown.length, 'model')} by ${measure}, best first`);
  const valueRoom = 76;
  const column = nameColumn(svg, shown, narrow, narrow ? width - valueRoom - 12 : width * 0.4), left = column.left;
  const x = scoreScale([left + 8, width - valueRoom - 8]);
  const bottom = top + row * shown.length;
  bottomAxis(svg, x, bottom, top, measure === 'logme' ? 'logme, log evidence per row' : measure, narrow ? 4 : 8);

  const groups = svg.append('g').selectAll('g').data(shown).join('g')
    .attr('data-mark', 'model').attr('transform', (_, i) => `translate(0,${top + i * row})`);
  groups.append('rect').attr('class', 'band').attr('width', width).attr('height', row)
    .attr('fill', (model, i) => hasTies && (i === 0 || model.tied_with_best) ? 'var(--tie)' : 'transparent');
  const middle = narrow ? 32 : row / 2;
  drawNames(groups, column, narrow ? 16 : middle, narrow ? 0 : '.35em');
  groups.append('text').attr('x', width - 4).attr('y', narrow ? 16 : middle).attr('dy', narrow ? 0 : '.35em')
    .attr('text-anchor', 'end').text((model) => scoreText(model));

  const finite = groups.filter((model) => model.values[0] !== null);
  if (whiskersShow(x)) {
    finite.append('path').attr('data-mark', 'whisker').attr('stroke', 'var(--accent)').attr('stroke-width', 1.5)
      .attr('fill', 'none').attr('d', (model) => {
        const a = x(model.values[0] - whisker(model)), b = x(model.values[0] + whisker(model));
        return `M${a},${middle - 4}v8M${a},${middle}H${b}M${b},${middle - 4}v8`;
      });
  }
  finite.append('circle').attr('data-mark', 'score').attr('cx', (model) => x(model.values[0])).attr('cy', middle)
    .attr('r', 5.5).attr('fill', 'var(--accent)').attr('stroke', 'var(--paper)');
  groups.filter((model) => model.status === 'unbounded').append('path').attr('data-mark', 'unbounded')
    .attr('fill', 'var(--infinite)').attr('d', d3.symbol(d3.symbolTriangle, 90))
    .attr('transform', `translate(${x.range()[1]},${middle}) rotate(90)`);
  groups.append('rect').attr('class', 'ring').attr('x', 1).attr('y', 1).attr('width', width - 2).attr('height', row - 2)
    .attr('rx', 3);
  marks(groups.nodes().map((node, index) => ({ node, text: modelText(shown[index], index) })));

  let caption = 'Higher is better.';
  if (hasErrors) caption += ' Whiskers: one standard error of the score.';
  else if (whiskersShow(x)) caption += ' Whiskers: bound on the error of the arithmetic.';
  if (hasTies) caption += ' Shaded: scores that are not told from the best.';
  if (shown.some((model) => model.status === 'unbounded'))
    caption += ' Triangles: unbounded scores; the features explain the labels exactly, and these rows decide nothing.';
  if (data.null_score != null) caption += ` Without any features every model scores ${fixed(data.null_score)}.`;
  byId('ranking-caption').textContent = caption;
}

function rankingColumns() {
  const some = (key) => data.models.some((model) => model[key] !== undefined && model[key] !== null);
  const columns = [
    { title: 'Rank', cell: (_, i) => String(i + 1) },
    { title: 'Model', head: true, cell: (model) => wrapped(model.name) },
  ];
  data.measures.forEach((name, k) => {
    columns.push({ title: name, cell: (model) => scoreText(model, k) });
    if (k > 0) return;
    if (some('standard_error')) columns.push({ title: 'Standard error', cell: (model) => brief(model.standard_error) });
    if (some('beats_next')) columns.push({ title: 'Beats next', cell: (model) => fixed(model.beats_next, 2) });
    if (hasTies)
      columns.push({ title: 'Tied with best', cell: (model, i) => (i === 0 ? '–' : model.tied_with_best ? 'yes' : 'no') });
  });
  if (some('error_bound')) columns.push({ title: 'Error bound', cell: (model) => brief(model.error_bound) });
  if (data.accuracy)
    columns.push({ title: data.accuracy.column, cell: (_, i) => brief(data.accuracy.values[i]) });
  if (some('features')) {
    columns.push({ title: 'Features', cell: (model) => (model.features ?? 0).toLocaleString('en') });
    columns.push({ title: 'Rank of features', cell: (model) => (model.feature_rank ?? 0).toLocaleString('en') });
    columns.push({ title: 'Effective parameters', cell: (model) => brief(model.gamma?.mean) });
    columns.push({ title: 'Route', text: true, cell: (model) => model.route ?? '–' });
  }
  columns.push({ title: 'Time', cell: (model) => seconds(model.seconds.total + model.seconds.sources) });
  return columns;
}

function fillRanking() {
  if (data.models.length === 0) {
    byId('ranking-caption').textContent = 'No model could be scored.';
    byId('ranking-table').hidden = true;
    return;
  }
  chart(byId('ranking-chart'), drawRanking);
  const tied = (model, i) => (hasTies && (i === 0 || model.tied_with_best) ? 'tied' : '');
  byId('ranking-table').append(table('All models, best first', rankingColumns(), data.models, tied));
}
