// From a source map to the table with which the component finds the user's lines.
import { dirname, relative, resolve, sep } from 'node:path';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of a segment in base 64 VLQ. */
function numbers(segment) {
  const found = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const six = DIGITS.indexOf(digit);
    value |= (six & 31) << shift;
    shift += 5;
    if (six & 32) continue;
    found.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return found;
}

/**
 * The user's places of a bundle: `sources` are the paths of files within `project` and outside of `sdk`, `places` has four
 * numbers for each: line and column in the bundle, the source's index or -1, and the line there. All count from 1.
 */
export function placesOf(map, mapFile, project, sdk) {
  const isWithin = (folder, path) => path.startsWith(resolve(folder) + sep);
  const paths = map.sources.map((source) => resolve(dirname(mapFile), source));
  const isUsers = paths.map((path) => !isWithin(sdk, path));
  const sources = paths.map((path) => relative(project, path).split(sep).join('/'));
  const places = [];
  let [source, line] = [0, 0];
  let last = -1;
  map.mappings.split(';').forEach((segments, row) => {
    let column = 0;
    for (const segment of segments.split(',')) {
      const [byColumn, bySource, byLine] = numbers(segment);
      if (byColumn === undefined) continue;
      column += byColumn;
      if (bySource === undefined) continue;
      source += bySource;
      line += byLine;
      const users = isUsers[source];
      // One place ends the user's code; further ones of the SDK say nothing.
      if (!users && last === -1 && places.length > 0) continue;
      if (!users && places.length === 0) continue;
      last = users ? source : -1;
      places.push(row + 1, column + 1, last, users ? line + 1 : 0);
    }
  });
  const used = [...new Set(places.filter((_, i) => i % 4 === 2 && places[i] >= 0))];
  for (let i = 2; i < places.length; i += 4) if (places[i] >= 0) places[i] = used.indexOf(places[i]);
  return { sources: used.map((index) => sources[index]), places };
}
