function fact(name, value) {
  byId('facts').append(element('div', {}, element('dt', {}, name), element('dd', {}, value)));
}

function fillHeader() {
  document.title = data.models.length > 0 ? `${data.models[0].name} ranks first by ${measure}` : 'Ranking of models';
  byId('title').textContent = `Ranking of ${counted(data.models.length, 'model')} by ${measure}`;
  const lead = byId('lead');
  if (data.models.length > 0) {
    lead.append(wrapped(data.models[0].name), ` ranks first with ${scoreText(data.models[0])}`);
    const tied = data.models.filter((model, i) => i > 0 && model.tied_with_best).length;
    if (tied > 0) lead.append(`, not told from ${counted(tied, 'other model')}`);
    lead.append('.');
    if (data.accuracy && data.accuracy.tau.length > 0) lead.append(` ${tauText(data.accuracy.tau[0])}`);
    if (data.disagreement) lead.append(` But ${data.disagreement}.`);
  }
  fact('Task', data.task);
  if (data.rows !== undefined)
    fact('Rows', data.rows.toLocaleString('en') + (data.ignored > 0 ? ` (${data.ignored.toLocaleString('en')} left out)` : ''));
  if (targetCount > 0) fact(targetNoun === 'class' ? 'Classes' : 'Targets', targetCount.toLocaleString('en'));
  if (data.procedure !== undefined) fact('Procedure', data.procedure);
  if (data.intercept !== undefined) fact('Intercept', data.intercept ? 'yes' : 'no');
  fact('Engine', data.engine);
}

function fillRest() {
  for (const warning of data.warnings) byId('warnings-list').append(element('li', {}, warning));
  byId('warnings').hidden = data.warnings.length === 0;
  for (const model of data.failed)
    byId('failed-list').append(element('dt', {}, isolated(model.name)), element('dd', {}, model.error));
  byId('failed').hidden = data.failed.length === 0;
  byId('command').textContent = data.made_by;
  byId('made-by').textContent = `Made by culogme ${data.version} on ${data.made_at}. Pictures by D3 ${d3.version}.`;
  for (const sentence of data.left_out) byId('left-out').append(element('li', {}, sentence));
}

fillHeader();
fillRanking();
fillAccuracy();
fillClasses();
fillSpectrum();
fillTimings();
fillRest();
drawAll();

// Drawing can bring a scroll bar, which leaves less width.
drawResized();
window.addEventListener('resize', drawResized);
new ResizeObserver(() => window.requestAnimationFrame(drawResized)).observe(document.body);
// Colours on canvas do not follow the style sheet by themselves.
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
document.documentElement.dataset.drawn = 'yes';
