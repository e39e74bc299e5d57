const targets = data.targets;
const targetCount = targets.names.length;
const targetModels = targets.models.map((place) => data.models[place]);

/** Evidence over that of no features, [models][targets]; null where it is unbounded. */
const gains = targets.evidence.map((row) =>
  row.map((evidence, k) => (evidence === null ? null : evidence - targets.null[k])));

/** Over the models, of each target: mean, least and most gain, and who has them. */
const targetSummaries = targets.names.map((_, k) => {
  const finite = gains.map((row, i) => ({ i, gain: row[k] })).filter((one) => one.gain !== null);
  const byGain = finite.slice().sort((a, b) => b.gain - a.gain);
  const best = byGain[0], worst = byGain[byGain.length - 1];
  const unbounded = gains.findIndex((row) => row[k] === null);
  return {
    mean: d3.mean(finite, (one) => one.gain) ?? Infinity,
    best: unbounded >= 0 ? { i: unbounded, gain: null } : best,
    worst: worst ?? { i: unbounded, gain: null },
    spread: finite.length === 0 ? 0 : unbounded >= 0 ? Infinity : best.gain - worst.gain,
  };
});

const targetOrders = {
  given: (a, b) => a - b,
  gain: (a, b) => d3.descending(targetSummaries[a].mean, targetSummaries[b].mean) || a - b,
  spread: (a, b) => d3.descending(targetSummaries[a].spread, targetSummaries[b].spread) || a - b,
};
const orderedTargets = (order) => d3.range(targetCount).sort(targetOrders[order]);

/** What a cell shows of one target: its gain, or how far that is from the mean of the models. */
function cellValue(row, k, show) {
  if (row[k] === null) return null;
  return show === 'gain' ? row[k] : row[k] - targetSummaries[k].mean;
}

/**
 * Columns of the heat map: neighbours in the order share a column where there are more targets than room.
 * {bins: [[targets]], cells: [models][columns]}, null where all are unbounded.
 */
function binnedCells(order, show, most) {
  const each = Math.ceil(targetCount / Math.max(1, most));
  const sorted = orderedTargets(order);
  const bins = d3.range(0, targetCount, each).map((first) => sorted.slice(first, first + each));
  const cells = gains.map((row) => bins.map((bin) => {
    const values = bin.map((k) => cellValue(row, k, show)).filter((value) => value !== null);
    return values.length > 0 ? d3.mean(values) : null;
  }));
  return { bins, cells, each };
}

const gainText = (gain) => (gain === null ? 'unbounded' : fixed(gain));

function fillClassesTable() {
  const most = 40, rows = orderedTargets('spread').slice(0, most);
  const named = (one) => wrapped(targetModels[one.i].name);
  byId('classes-summary').textContent = rows.length < targetCount
    ? `Table of the ${most} ${targetNoun === 'class' ? 'classes' : 'targets'} that the models differ about the most`
    : `The same as a table`;
  byId('classes-table').append(table('Gain in evidence per row over no features, most disagreement first', [
    { title: targetNoun === 'class' ? 'Class' : 'Target', head: true, cell: (k) => wrapped(targets.names[k]) },
    { title: 'Rows', cell: (k) => targets.rows[k].toLocaleString('en') },
    { title: 'Mean gain', cell: (k) => gainText(Number.isFinite(targetSummaries[k].mean) ? targetSummaries[k].mean : null) },
    { title: 'Most by', text: true, cell: (k) => named(targetSummaries[k].best) },
    { title: 'Most', cell: (k) => gainText(targetSummaries[k].best.gain) },
    { title: 'Least by', text: true, cell: (k) => named(targetSummaries[k].worst) },
    { title: 'Least', cell: (k) => gainText(targetSummaries[k].worst.gain) },
  ], rows));
}
