// What the canvas reckons: which step follows which, where a dragged one may be dropped, what must come into sight.
export const TRIGGER = "trigger";
export const END = "@end";
const NEAR = 110;
const FIRST_ZOOM = { least: 0.75, most: 1 };
const MARGIN = 24;
const LEAST_SIGHT = 280;
const EDGE = 56;
const FASTEST = 12;
const MAP = { width: 180, height: 150, least: 64 };

const listed = (parent, branch, index) => `${parent}/${branch}/${index}`;

// Words by what they belong to: a step's key, `key/branch` of a heading.
export function wordsOf(lines) {
  const steps = new Map();
  const titles = new Map();
  for (const line of lines) {
    if (line.heading) titles.set(`${line.key}/${line.branch}`, line.title);
    else steps.set(line.key, line);
  }
  return { steps, titles };
}

// The step and everything inside it, which it cannot be moved into.
export function insideOf(lines, key) {
  const found = new Set([key]);
  const begin = lines.findIndex((line) => line.key === key && !line.heading);
  for (let at = begin + 1; at < lines.length && lines[at].depth > lines[begin].depth; at += 1) found.add(lines[at].key);
  return found;
}

// How the `+` of every place is called, in the order of `links`.
export function placeNames(drawing, words) {
  const before = new Map();
  const steps = drawing.boxes.filter((box) => box.key !== TRIGGER && box.key !== END);
  for (const box of steps) before.set(listed(box.parent, box.branch, box.index + 1), box.key);
  before.set(listed("", -1, 0), TRIGGER);
  return drawing.links.map(({ parent, branch, index }) => {
    if (parent && index === 0) return `Insert a step first in ${words.titles.get(`${parent}/${branch}`) ?? ""}`;
    const step = words.steps.get(before.get(listed(parent, branch, index)));
    return `Insert a step after ${step?.title ?? ""}`;
  });
}

// The place nearest to a point, of those where the dragged step may be dropped; -1 when none is near.
export function nearestPlace(links, inside, point) {
  let best = -1;
  let distance = NEAR;
  links.forEach((link, number) => {
    const away = Math.hypot(link.x - point.x, link.y - point.y);
    if (away < distance && !inside.has(link.parent)) [best, distance] = [number, away];
  });
  return best;
}

// Whether a step dropped there stays where it is.
export function isSamePlace(box, link) {
  return (
    box.parent === link.parent && box.branch === link.branch && (link.index === box.index || link.index === box.index + 1)
  );
}

// The beginning of the workflow, as wide as it is where that is legible.
export function firstViewport(drawing, width) {
  const zoom = Math.min(FIRST_ZOOM.most, Math.max(FIRST_ZOOM.least, (width - 2 * MARGIN) / drawing.width));
  return { x: (width - drawing.width * zoom) / 2, y: 2 * MARGIN, zoom };
}

// How far one may step back: until the whole workflow is in sight.
export const leastZoom = ({ width, height }) => Math.min(0.2, LEAST_SIGHT / Math.max(width, height, 1));

// The map in the shape of the workflow, so that a long one does not lie in an empty field.
export function mapSize({ width, height }) {
  const scale = Math.min(MAP.width / width, MAP.height / height);
  return { width: Math.max(MAP.least, Math.round(width * scale) + 16), height: Math.max(MAP.least, Math.round(height * scale)) };
}

const lacking = (begin, end, size) => {
  if (begin < MARGIN) return MARGIN - begin;
  return end > size - MARGIN ? size - MARGIN - end : 0;
};

// The viewport moved as little as brings the box into sight; null when it is in sight.
export function viewportShowing(box, { x, y, zoom }, width, height) {
  const left = box.x * zoom + x;
  const top = box.y * zoom + y;
  const across = lacking(left, left + box.width * zoom, width);
  const down = lacking(top, top + box.height * zoom, height);
  return across || down ? { x: x + across, y: y + down, zoom } : null;
}

// How far to move along an axis in one frame while something is held near an edge: faster nearer to it, and no further
// than what there is to see.
function drift(held, begin, end, first, last) {
  const toBegin = begin + EDGE - held;
  const toEnd = held - (end - EDGE);
  if (toBegin > 0) return Math.max(0, Math.min((Math.min(toBegin, EDGE) / EDGE) * FASTEST, begin + MARGIN - first));
  if (toEnd > 0) return -Math.max(0, Math.min((Math.min(toEnd, EDGE) / EDGE) * FASTEST, last - (end - MARGIN)));
  return 0;
}

// The viewport moved by a frame towards the edge of the canvas (`box`: where it lies in the window, `room`: the
// window's height) near which a finger holds a step; null when it is at none, or when nothing more is there.
export function driftedViewport(held, box, room, { x, y, zoom }, { width, height }) {
  const left = box.left + x;
  const top = box.top + y;
  const across = drift(held.x, box.left, box.right, left, left + width * zoom);
  const down = drift(held.y, Math.max(box.top, 0), Math.min(box.bottom, room), top, top + height * zoom);
  return across || down ? { x: x + across, y: y + down, zoom } : null;
}
