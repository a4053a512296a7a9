// Draws a picture's scene: `node draw.mjs bundle.mjs [values as JSON]` prints its knobs, its summary, the kinds of its panels,
// and its path where it has one. Values that are not given stand at their defaults.
import { pathToFileURL } from "node:url";

const [bundled, given = "{}"] = process.argv.slice(2);
const { default: picture } = await import(pathToFileURL(bundled));
const defaults = Object.fromEntries(picture.knobs.map((knob) => [knob.name, knob.default]));
const values = { ...defaults, ...JSON.parse(given) };
const { summary, panels, kind } = picture.scene(values);
const kinds = panels?.map((panel) => panel.kind) ?? [kind];
console.log(JSON.stringify({ knobs: picture.knobs, values, summary, kinds, path: picture.path?.(values) ?? null }));
