// Four sounds that a cook can tell apart over an extractor hood, made here: no file can fail to load.

/** `[frequency_hz, from_s, for_s]` of each tone. */
const TONES = {
  opened: { wave: "triangle", tones: [[784, 0, 0.16], [1047, 0.16, 0.3]] },
  changed: { wave: "triangle", tones: [[880, 0, 0.1], [880, 0.15, 0.1]] },
  voided: { wave: "sawtooth", tones: [[440, 0, 0.22], [330, 0.24, 0.22], [220, 0.48, 0.45]] },
  late: { wave: "square", tones: [[988, 0, 0.09], [988, 0.14, 0.09], [988, 0.28, 0.09]] },
};
export const SOUNDS = Object.keys(TONES);
/** Ten tickets at once ring once. */
const REST_MS = 1500;
const LOUDNESS = 0.35;

export class Sounds {
  #context = null;
  #last_ms = new Map();
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Only within a gesture: browsers allow no other beginning. */
  async start() {
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#context.addEventListener("statechange", () => this.#onChange());
    }
    await this.#context.resume();
    this.#onChange();
  }

  get on() {
    return this.#context?.state === "running";
  }

  play(kind) {
    const now_ms = performance.now();
    if (!this.on || now_ms - (this.#last_ms.get(kind) ?? -REST_MS) < REST_MS) return;
    this.#last_ms.set(kind, now_ms);
    const { wave, tones } = TONES[kind];
    for (const [frequency_hz, from_s, for_s] of tones) this.#tone(wave, frequency_hz, from_s, for_s);
  }

  #tone(wave, frequency_hz, from_s, for_s) {
    const context = this.#context;
    const [from, until] = [context.currentTime + from_s, context.currentTime + from_s + for_s];
    const oscillator = new OscillatorNode(context, { type: wave, frequency: frequency_hz });
    const gain = new GainNode(context, { gain: 0 });
    // Without a soft beginning and end a loudspeaker clicks.
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(LOUDNESS, from + 0.01);
    gain.gain.setValueAtTime(LOUDNESS, until - 0.04);
    gain.gain.linearRampToValueAtTime(0, until);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(until);
  }
}
