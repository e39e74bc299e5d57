const smallestCell = 5;

/** Colours from the page's own, which differ in light and dark. The outer hundredths share the ends. */
function heatScale(cells, show) {
  const values = cells.flat().filter((value) => value !== null).sort(d3.ascending);
  const at = (part) => d3.quantile(values, part) ?? 0;
  if (show === 'apart') {
    const most = Math.max(-at(0.01), at(0.99)) || 1;
    return d3.scaleLinear().domain([-most, 0, most]).range([colour('below'), colour('zero'), colour('above')])
      .interpolate(d3.interpolateLab).clamp(true);
  }
  const low = Math.min(0, at(0.01)), high = at(0.99) > low ? at(0.99) : low + 1;
  return d3.scaleLinear().domain([low, high]).range([colour('low'), colour('high')])
    .interpolate(d3.interpolateLab).clamp(true);
}

function drawHeatLegend(svg, scale, x, y, length) {
  const [low, high] = [scale.domain()[0], scale.domain()[scale.domain().length - 1]];
  const steps = 40, position = d3.scaleLinear().domain([low, high]).range([x, x + length]);
  svg.append('g').attr('aria-hidden', 'true').selectAll('rect').data(d3.range(steps)).join('rect')
    .attr('x', (i) => x + (i * length) / steps).attr('y', y).attr('width', length / steps + 0.5).attr('height', 10)
    .attr('fill', (i) => scale(low + ((high - low) * (i + 0.5)) / steps));
  bottomTicks(svg, position, y + 10, roomyTicks(svg, position, 5));
}

function heatCellText(heat, i, column, show) {
  const bin = heat.bins[column], value = heat.cells[i][column];
  const what = show === 'gain' ? 'gain' : "difference from the models' mean";
  const where = bin.length === 1
    ? `${targetNoun} ${targets.names[bin[0]]} (${counted(targets.rows[bin[0]], 'row')})`
    : `${bin.length} ${targetNoun === 'class' ? 'classes' : 'targets'} from ${targets.names[bin[0]]} to ${targets.names[bin[bin.length - 1]]}`;
  return `${targetModels[i].name}, ${where}: ${value === null ? 'unbounded' : `${what} ${fixed(value)}`}`;
}

function paintCells(canvas, heat, scale, cell, row) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(cell * heat.bins.length * density);
  canvas.height = Math.round(row * targetModels.length * density);
  const context = canvas.getContext('2d');
  const infinite = colour('infinite');
  // Edges on whole device pixels, so that no seams shine through.
  const edge = (value) => Math.round(value * density);
  heat.cells.forEach((values, i) => values.forEach((value, column) => {
    context.fillStyle = value === null ? infinite : scale(value);
    const x = edge(column * cell), y = edge(i * row);
    context.fillRect(x, y, edge((column + 1) * cell) - x, edge((i + 1) * row) - y);
  }));
}

function drawHeatMap(box, width) {
  const show = byId('classes-show').value, order = byId('classes-order').value;
  const count = targetModels.length, row = count > 40 ? 14 : 22;
  const svg = picture(box, width, 10, 'Heat map');
  const column = nameColumn(svg, targetModels, false, Math.min(280, width * 0.4), { size: row < 20 ? '11px' : null });
  const left = column.left - 6;
  const room = width - left - 2;
  const heat = binnedCells(order, show, Math.floor(room / smallestCell));
  const cell = room / heat.bins.length;
  const named = heat.each === 1 && cell >= 14;
  const above = named ? fittedNames(svg, heat.bins.map((bin) => targets.names[bin[0]]), 70, { soft: true }) : null;
  const top = named ? above.width + 12 : 4, bottom = top + row * count;
  const height = bottom + 56;
  svg.attr('viewBox', `0 0 ${width} ${height}`).attr('height', height).attr('aria-hidden', 'true');
  const groups = svg.append('g').selectAll('g').data(targetModels).join('g')
    .attr('transform', (_, i) => `translate(0,${top + i * row})`);
  drawNames(groups, column, row / 2, '.35em');
  if (named) {
    svg.append('g').selectAll('text').data(heat.bins).join('text').attr('class', 'soft')
      .attr('transform', (_, c) => `translate(${left + (c + 0.5) * cell + 4},${top - 6}) rotate(-90)`)
      .text((_, c) => above.texts[c]);
  }
  const scale = heatScale(heat.cells, show);
  drawHeatLegend(svg, scale, left, bottom + 16, Math.min(280, room - 10));

  const canvas = element('canvas', { 'aria-hidden': 'true' });
  paintCells(canvas, heat, scale, cell, row);
  Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${room}px`, height: `${bottom - top}px` });
  box.append(canvas);
  box.dataset.rows = String(count);
  box.dataset.columns = String(heat.bins.length);
  attachHeatCursor(box, svg, heat, show, { left, top, cell, row });

  let caption = show === 'gain'
    ? 'Evidence per row above that of a model without features; darker or brighter is more.'
    : `Gain of each model minus the mean of all models, ${targetNoun} by ${targetNoun}.`;
  if (heat.each > 1) caption += ` Each column is the mean of up to ${heat.each} neighbours in this order; ${counted(targetCount, targetNoun)} in all.`;
  if (heat.cells.some((values) => values.includes(null))) caption += ' Violet: unbounded.';
  byId('classes-caption').textContent = caption;
}

/** A cursor for pointer and arrow keys; what it stands on is said in the status line. */
function attachHeatCursor(box, svg, heat, show, { left, top, cell, row }) {
  const cursor = svg.append('rect').attr('fill', 'none').attr('stroke', 'var(--ink)').attr('stroke-width', 2)
    .attr('width', cell).attr('height', row).attr('visibility', 'hidden');
  const surface = element('div', {
    tabindex: '0', role: 'application', 'aria-roledescription': 'heat map',
    'aria-label': `Evidence of ${counted(heat.bins.length, 'column')} of ${targetNoun === 'class' ? 'classes' : 'targets'} `
      + `for ${counted(targetModels.length, 'model')}; arrow keys move, the status line below tells the cell`,
  });
  Object.assign(surface.style, {
    position: 'absolute', left: `${left}px`, top: `${top}px`, width: `${cell * heat.bins.length}px`,
    height: `${row * targetModels.length}px`,
  });
  svg.style('position', 'relative').style('z-index', 1).style('pointer-events', 'none');
  surface.style.zIndex = '1';
  box.append(surface);
  let at = [0, 0];
  const move = (i, column) => {
    at = [Math.max(0, Math.min(targetModels.length - 1, i)), Math.max(0, Math.min(heat.bins.length - 1, column))];
    cursor.attr('visibility', 'visible').attr('x', left + at[1] * cell).attr('y', top + at[0] * row);
    byId('classes-status').textContent = heatCellText(heat, at[0], at[1], show);
  };
  surface.addEventListener('pointermove', (event) =>
    move(Math.floor(event.offsetY / row), Math.floor(event.offsetX / cell)));
  surface.addEventListener('focus', () => move(...at));
  surface.addEventListener('keydown', (event) => {
    const far = Math.max(1, Math.floor(heat.bins.length / 10));
    const next = {
      ArrowLeft: [at[0], at[1] - 1], ArrowRight: [at[0], at[1] + 1], ArrowUp: [at[0] - 1, at[1]],
      ArrowDown: [at[0] + 1, at[1]], Home: [at[0], 0], End: [at[0], heat.bins.length - 1],
      PageUp: [at[0], at[1] - far], PageDown: [at[0], at[1] + far],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    move(...next);
  });
}

function fillClasses() {
  if (targetCount === 0) return;
  byId('classes').hidden = false;
  byId('classes-title').textContent = targetNoun === 'class' ? 'Evidence by class' : 'Evidence by target';
  fillClassesTable();
  if (targetCount === 1) {  // the ranking is the same picture
    byId('classes-controls').hidden = byId('classes-figure').hidden = true;
    byId('classes-details').open = true;
    return;
  }
  byId('classes-status').textContent = 'Point at a cell, or move to the map by Tab and use the arrow keys.';
  chart(byId('classes-chart'), drawHeatMap);
  const redraw = () => drawChart(charts.find((one) => one.box === byId('classes-chart')));
  byId('classes-show').addEventListener('change', redraw);
  byId('classes-order').addEventListener('change', redraw);
}
