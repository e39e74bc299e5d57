'use strict';

// Faults show in the document, where a test or a reader's report finds them.
document.documentElement.dataset.faults = '0';
window.addEventListener('error', () => {
  document.documentElement.dataset.faults = String(Number(document.documentElement.dataset.faults) + 1);
});

const data = JSON.parse(document.getElementById('data').textContent);
const shown = data.models.slice(0, data.detailed);
const byId = (id) => document.getElementById(id);

/** An element with attributes and children; text is never read as markup. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Text that keeps its own direction, so that names cannot turn what stands around them. */
const isolated = (text, shown = text) => element('bdi', { title: text }, shown);

function fixed(value, digits = 4) {
  return value === null || value === undefined ? '–' : value.toFixed(digits).replace('-', '−');
}

/** About three digits: 12,300 / 0.0123 / 1.2e-14. */
function brief(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace(/-/g, '−');
  return d3.format(size >= 100 ? ',.0f' : ',.3r')(value).replace('-', '−');
}

function seconds(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1e-3) return `${(value * 1e6).toFixed(0)} µs`;
  return value < 1 ? `${(value * 1e3).toFixed(value < 0.01 ? 1 : 0)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

const counted = (count, noun) =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : noun.endsWith('s') ? 'es' : 's'}`;

const scoreText = (model, k = 0) =>
  k === 0 && model.status === 'unbounded' ? 'unbounded' : fixed(model.values[k]);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** What a target is called. */
const targetNoun = data.task === 'classification' ? 'class' : 'target';

const charts = [];

/** Registers a chart: `draw(box, width)` fills the emptied box, again whenever its width or the colours change. */
function chart(box, draw) {
  charts.push({ box, draw, width: 0 });
}

function drawChart(one) {
  one.width = Math.floor(one.box.clientWidth);
  if (one.width === 0) return;
  one.box.replaceChildren();
  one.draw(one.box, one.width);
}

function drawAll() {
  for (const one of charts) drawChart(one);
}

/** Heights change while drawing; only another width asks for another drawing. */
function drawResized() {
  for (const one of charts)
    if (Math.floor(one.box.clientWidth) !== one.width) drawChart(one);
}

/** An empty picture, named for screen readers; `marks` of navigate.js makes what is in it reachable. */
function picture(box, width, height, name) {
  return d3.select(box).append('svg').attr('viewBox', `0 0 ${width} ${height}`).attr('height', height)
    .attr('role', 'group').attr('aria-label', name);
}

/** Shortens an SVG text until it is no wider than `room`. */
function fit(node, room) {
  if (node.getComputedTextLength() <= room) return;
  const characters = Array.from(node.textContent);
  let low = 0, high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    node.textContent = characters.slice(0, middle).join('') + '…';
    if (node.getComputedTextLength() <= room) low = middle;
    else high = middle - 1;
  }
  node.textContent = characters.slice(0, low).join('') + '…';
}

/** How far the text of a tick moves into the picture that it would leave. */
function inwards(svg, at, half) {
  return Math.max(0, half + 1 - at) - Math.max(0, at + half + 1 - svg.node().viewBox.baseVal.width);
}

/** {values, texts} of the ticks of a horizontal axis: at most `most`, and few enough that their texts stand apart. */
function roomyTicks(svg, scale, most, format) {
  return measured(svg, (width) => {
    for (let count = most; ; --count) {
      const values = scale.ticks(count), texts = values.map(scale.tickFormat(count, format));
      let end = -Infinity;
      const apart = values.every((value, i) => {
        if (texts[i] === '') return true;
        const half = width(texts[i]) / 2, at = scale(value) + inwards(svg, scale(value), half);
        const begins = at - half >= end + 10;
        end = at + half;
        return begins;
      });
      if (apart || count <= 2) return { values, texts };
    }
  }, { soft: true });
}

/** Ticks and their texts along the bottom, the outer texts moved into the picture where they would leave it. */
function bottomTicks(svg, scale, y, ticks) {
  const axis = d3.axisBottom(scale).tickValues(ticks.values).tickFormat((_, i) => ticks.texts[i]).tickSizeOuter(0);
  svg.append('g').attr('class', 'axis').attr('aria-hidden', 'true').attr('transform', `translate(0,${y})`).call(axis)
    .selectAll('text').attr('dx', function (value) {
      return inwards(svg, scale(value), this.getComputedTextLength() / 2);
    });
}

/** Grid, ticks and title of a horizontal axis at height y. */
function bottomAxis(svg, scale, y, top, title, most, format) {
  const ticks = roomyTicks(svg, scale, most, format);
  svg.append('g').attr('class', 'grid').attr('aria-hidden', 'true').attr('transform', `translate(0,${y})`)
    .call(d3.axisBottom(scale).tickValues(ticks.values).tickSize(top - y).tickFormat(''));
  bottomTicks(svg, scale, y, ticks);
  const [left, right] = scale.range();
  svg.append('text').attr('class', 'soft').attr('aria-hidden', 'true').attr('text-anchor', 'middle')
    .attr('x', (left + right) / 2).attr('y', y + 38).text(title).each(function () { fit(this, right - left); });
}

/** Where a picture begins right of a vertical axis with these texts: they and the title along the left take room. */
function leftRoom(svg, texts) {
  return measured(svg, (width) => 30 + Math.ceil(d3.max(texts, width) ?? 0), { soft: true });
}

/** Grid and ticks of a vertical axis at `left`. */
function leftAxis(svg, scale, left, right, values, texts) {
  svg.append('g').attr('class', 'grid').attr('aria-hidden', 'true').attr('transform', `translate(${left},0)`)
    .call(d3.axisLeft(scale).tickValues(values).tickSize(left - right).tickFormat(''));
  svg.append('g').attr('class', 'axis').attr('aria-hidden', 'true').attr('transform', `translate(${left},0)`)
    .call(d3.axisLeft(scale).tickValues(values).tickFormat((_, i) => texts[i]).tickSizeOuter(0));
}

/** Title of a vertical axis, along its left. */
function leftTitle(svg, top, bottom, title) {
  svg.append('text').attr('class', 'soft').attr('aria-hidden', 'true').attr('text-anchor', 'middle')
    .attr('transform', `translate(12,${(top + bottom) / 2}) rotate(-90)`).text(title)
    .each(function () { fit(this, bottom - top); });
}

/** A table with a caption. Columns: {title, cell(row, index) -> text or node, text: left aligned, head: names the row}. */
function table(caption, columns, rows, rowClass = () => '') {
  const head = element('tr', {}, ...columns.map((column) =>
    element('th', { scope: 'col', class: column.text || column.head ? 'text' : '' }, column.title)));
  const body = rows.map((row, index) => element('tr', { class: rowClass(row, index) }, ...columns.map((column) => {
    const cell = column.cell(row, index);
    return column.head ? element('th', { scope: 'row' }, cell)
      : element('td', { class: column.text ? 'text' : '' }, cell);
  })));
  return element('table', {}, element('caption', {}, caption), element('thead', {}, head),
    element('tbody', {}, ...body));
}
