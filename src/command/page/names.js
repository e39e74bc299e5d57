/** What a text is without its middle: `keep` of its characters, `share` of them from its beginning. */
function withoutMiddle(characters, keep, share) {
  const head = Math.round(keep * share);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (keep - head)).join('')}`;
}

/** The name, or as much of its two ends as fits. */
function shortName(name, fits, share = 0.5) {
  if (fits(name)) return name;
  const characters = Array.from(name);
  let low = 0, high = characters.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(withoutMiddle(characters, middle, share))) low = middle;
    else high = middle - 1;
  }
  return withoutMiddle(characters, low, share);
}

/** Short names, cut at the place where most of those that differ still do: names in a row often begin alike. */
function shortNames(names, fits) {
  const different = new Set(names).size;
  let best = [], most = 0;
  for (const share of [0.5, 0.25, 0.75, 0, 1]) {
    const texts = names.map((name) => shortName(name, fits, share));
    const count = new Set(texts).size;
    if (count > most) [best, most] = [texts, count];
    if (most === different) break;
  }
  return best;
}

const noLonger = (most) => (text) => Array.from(text).length <= most;

/** A long name for running text and tables, where it wraps; its tip has all of it. */
const wrapped = (name) => isolated(name, shortName(name, noLonger(120)));

/** Calls `use` with the widths of texts, measured as the picture draws them. */
function measured(svg, use, { soft = false, size = null } = {}) {
  const probe = svg.append('text').attr('class', soft ? 'soft' : null).attr('visibility', 'hidden').style('font-size', size);
  const result = use((text) => probe.text(text).node().getComputedTextLength());
  probe.remove();
  return result;
}

/** Names no wider than `room`, and the width of the widest. */
function fittedNames(svg, names, room, look) {
  return measured(svg, (width) => {
    const texts = shortNames(names, (text) => width(text) <= room);
    return { texts, width: Math.ceil(d3.max(texts, width) ?? 0) };
  }, look);
}

/** Ranks and names at the left of a picture's rows; narrow pictures have them in lines of their own, in `room`. */
function nameColumn(svg, models, narrow, room, look) {
  const ranks = models.map((model) => String(data.models.indexOf(model) + 1));
  const rankEnd = 4 + Math.ceil(measured(svg, (width) => d3.max(ranks, width) ?? 0, look));
  const start = rankEnd + 8, names = fittedNames(svg, models.map((model) => model.name), room - start, look);
  return { ranks, rankEnd, start, texts: names.texts, left: narrow ? 8 : start + names.width + 12, look };
}

/** Draws them into the rows, with their middle (`dy`) or their base line at `y`. */
function drawNames(groups, column, y, dy) {
  const line = (x, anchor, texts) => groups.append('text').attr('x', x).attr('y', y).attr('dy', dy)
    .attr('text-anchor', anchor).style('font-size', column.look?.size ?? null).text((_, i) => texts[i]);
  line(column.rankEnd, 'end', column.ranks).attr('class', 'soft');
  line(column.start, 'start', column.texts).attr('data-mark', 'name');
}
