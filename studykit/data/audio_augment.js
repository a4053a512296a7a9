// A synthesised "eye", played faster or slower, with noise at a chosen SNR and SpecAugment's masks: wave, spectrum and log-mel.

export const title = { "en": "Noise, speed and masks on a voice", "zh": "给语音加噪、变速、加掩码" };

export const knobs = [
  { "name": "snr", "kind": "range", "low": -10, "high": 40, "step": 1, "default": 10, "label": { "en": "SNR in dB", "zh": "信噪比（dB）" } },
  { "name": "speed", "kind": "range", "low": 0.7, "high": 1.4, "step": 0.05, "default": 1, "label": { "en": "speed", "zh": "速度" } },
  { "name": "pitch", "kind": "range", "low": 80, "high": 250, "step": 5, "default": 120, "label": { "en": "pitch of the voice in Hz", "zh": "嗓音基频（Hz）" } },
  { "name": "bands", "kind": "range", "low": 0, "high": 12, "step": 1, "default": 0, "label": { "en": "bands masked", "zh": "掩掉的频带数" } },
  { "name": "frames", "kind": "range", "low": 0, "high": 14, "step": 1, "default": 0, "label": { "en": "frames masked", "zh": "掩掉的帧数" } }
];

const rate = 8000;
const lasts = 0.3; // seconds at speed 1
const shown = 0.43; // seconds of the picture: the slowest fits
const size = 256;
const hop = 128;
const mels = 24;
const from = [730, 1090, 2440]; // formants of "ah" and "ee", Peterson & Barney 1952
const to = [270, 2290, 3010];
const widths = [60, 90, 150];

function loudness(hertz, share) {
  let gain = 1;
  for (let n = 0; n < 3; n++) {
    const formant = from[n] + share * (to[n] - from[n]);
    gain *= formant ** 2 / Math.hypot(formant ** 2 - hertz ** 2, widths[n] * hertz);
  }
  return gain;
}

// Harmonics under moving formants, read at `speed` times the pace: each frequency is multiplied by it.
function voice(pitch, speed) {
  const wave = new Float64Array(Math.round(shown * rate));
  const count = Math.min(wave.length, Math.floor((lasts * rate) / speed));
  for (let n = 0; n < count; n++) {
    const time = (n / rate) * speed;
    const share = time / lasts;
    for (let k = 1; k * pitch * speed < rate / 2; k++)
      wave[n] += 0.9 ** k * loudness(k * pitch, share) * Math.sin(2 * Math.PI * k * pitch * time);
    wave[n] *= Math.min(1, 20 * share, 20 * (1 - share));
  }
  return { wave, count };
}

function* normal(seed) {
  let state = seed;
  const next = () => ((state = (state * 1664525 + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  for (;;) yield Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}

const power = (wave) => wave.reduce((sum, each) => sum + each * each, 0) / wave.length;

// What the lesson's add_noise does: powers, their ratio, and the root of it.
export function addNoise(wave, snr, noise) {
  const scale = Math.sqrt(power(wave) / power(noise) / 10 ** (snr / 10));
  return wave.map((each, n) => each + scale * noise[n]);
}

function fft(re, im) {
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
  }
  for (let length = 2; length <= size; length *= 2)
    for (let i = 0; i < size; i += length)
      for (let k = 0; k < length / 2; k++) {
        const angle = (-2 * Math.PI * k) / length;
        const [a, b] = [i + k, i + k + length / 2];
        const x = re[b] * Math.cos(angle) - im[b] * Math.sin(angle);
        const y = re[b] * Math.sin(angle) + im[b] * Math.cos(angle);
        [re[b], im[b]] = [re[a] - x, im[a] - y];
        [re[a], im[a]] = [re[a] + x, im[a] + y];
      }
}

// Power of each frame in size / 2 + 1 frequencies.
function powers(wave) {
  const frames = [];
  for (let start = 0; start + size <= wave.length; start += hop) {
    const re = Array.from({ length: size }, (_, n) => wave[start + n] * Math.sin((Math.PI * n) / size) ** 2);
    const im = new Array(size).fill(0);
    fft(re, im);
    frames.push(re.slice(0, size / 2 + 1).map((each, n) => (each * each + im[n] * im[n]) / size));
  }
  return frames;
}

const mel = (hertz) => 2595 * Math.log10(1 + hertz / 700);
const hertzOf = (each) => 700 * (10 ** (each / 2595) - 1);
const edges = Array.from({ length: mels + 2 }, (_, n) => hertzOf(mel(60) + (n * (mel(rate / 2) - mel(60))) / (mels + 1)));

function band(frame, n) {
  let sum = 0;
  for (let bin = 0; bin < frame.length; bin++) {
    const hertz = (bin * rate) / size;
    const rising = (hertz - edges[n]) / (edges[n + 1] - edges[n]);
    const falling = (edges[n + 2] - hertz) / (edges[n + 2] - edges[n + 1]);
    sum += frame[bin] * Math.max(0, Math.min(rising, falling));
  }
  return 10 * Math.log10(sum + 1e-6);
}

const decibels = (frames) =>
  frames[0].map((_, bin) => 10 * Math.log10(frames.reduce((sum, frame) => sum + frame[bin], 0) / frames.length + 1e-7));

// The numbers that the picture is drawn from.
function path({ snr, speed, pitch }) {
  const source = normal(7);
  const { wave: raw, count } = voice(pitch, speed);
  const level = Math.sqrt(power(raw.slice(0, count)));
  const clean = Array.from(raw.slice(0, count), (each) => (0.1 * each) / level);
  const noise = clean.map(() => source.next().value);
  const noisy = addNoise(clean, snr, noise);
  const added = noisy.map((each, n) => each - clean[n]);
  return {
    clean, noisy, seconds: count / rate, tone: pitch * speed,
    measured: 10 * Math.log10(power(clean) / power(added)),
    peak: Math.max(...noisy.map(Math.abs)),
  };
}

const round = (value, digits) => value.toFixed(digits);

function scene(values) {
  const { clean, noisy, seconds, tone, measured, peak } = path(values);
  const ratio = 10 ** (values.snr / 10);
  const padded = [...noisy, ...new Array(Math.round(shown * rate) - noisy.length).fill(0)];
  const rows = Array.from({ length: mels }, () => []);
  const frames = powers(padded);
  for (const frame of frames) for (let n = 0; n < mels; n++) rows[mels - 1 - n].push(band(frame, n));
  const [lowBand, firstFrame] = [mels - 1 - 8, 5];
  for (let n = 0; n < values.bands; n++) rows[Math.max(0, lowBand - n)].fill(-40);
  for (const row of rows) for (let n = 0; n < values.frames; n++) row[Math.min(row.length - 1, firstFrame + n)] = -40;
  const middle = Math.floor(clean.length / 3);
  const piece = (wave) => wave.slice(middle, middle + 200).map((each, n) => [(1000 * n) / rate, each]);
  const spectrum = (wave) => decibels(powers(wave)).map((each, bin) => [(bin * rate) / size, each]);
  const names = [{ en: "with noise", zh: "加噪后" }, { en: "clean", zh: "干净" }];
  return {
    summary: {
      en:
        `At ${values.snr} dB the voice has ${Number(ratio.toPrecision(3))} times the noise's power, ${Number(Math.sqrt(ratio).toPrecision(3))} times its ` +
        `amplitude; measured: ${round(measured, 1)} dB. Speed ${values.speed}: ${round(seconds, 2)} s instead of ${lasts} s, and the pitch is ${round(tone, 0)} Hz ` +
        `instead of ${values.pitch} Hz. The greatest sample is ${round(peak, 2)}${peak > 1 ? ", beyond 1: as 16-bit integers it would be clipped" : ""}. ` +
        `Masked: ${values.bands} of ${mels} bands, ${values.frames} of ${frames.length} frames.`,
      zh:
        `${values.snr} dB 时，语音功率是噪声的 ${Number(ratio.toPrecision(3))} 倍，幅度是 ${Number(Math.sqrt(ratio).toPrecision(3))} 倍；实测 ${round(measured, 1)} dB。` +
        `速度 ${values.speed}：时长 ${round(seconds, 2)} s（原来 ${lasts} s），基频 ${round(tone, 0)} Hz（原来 ${values.pitch} Hz）。最大采样值 ${round(peak, 2)}` +
        `${peak > 1 ? "，超过 1：存成 16 位整数会削波" : ""}。掩掉 ${mels} 个频带中的 ${values.bands} 个、${frames.length} 帧中的 ${values.frames} 帧。`,
    },
    panels: [
      {
        kind: "lines",
        x: { domain: [0, 25], label: { en: "milliseconds", zh: "毫秒" } },
        y: { domain: [-0.8, 0.8], label: { en: "wave", zh: "波形" } },
        series: [noisy, clean].map((wave, n) => ({ name: names[n], points: piece(wave) })),
      },
      {
        kind: "lines",
        x: { domain: [0, rate / 2], label: { en: "frequency in Hz", zh: "频率（Hz）" } },
        y: { domain: [-70, 10], label: { en: "power in dB", zh: "功率（dB）" } },
        series: [noisy, clean].map((wave, n) => ({ name: names[n], points: spectrum(wave) })),
      },
      {
        kind: "heat", rows, low: -40, high: 10,
        x: { label: { en: "time: one column every 16 ms", zh: "时间：每列 16 毫秒" } },
        y: {
          label: { en: "mel band, centre in Hz", zh: "mel 频带，中心频率（Hz）" },
          names: Array.from({ length: mels }, (_, n) => String(Math.round(edges[mels - n]))),
        },
      },
    ],
  };
}

export default { title, knobs, scene, path };
