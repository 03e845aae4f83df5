// Tells a guest that an order is ready: a sound, and the phone trembles. While it waits, the screen stays awake, for a
// phone that sleeps rings no bell.

import { storage } from "/assets/kept.js";

const NAME = "comanda.bell";
/** `[frequency_hz, from_s, for_s]` of each tone: a chime, and again for whoever looked up too late. */
const CHIME = [[784, 0, 0.35], [988, 0.18, 0.35], [1175, 0.36, 0.7]];
const AGAIN_S = 1.6;
const LOUDNESS = 0.4;
const TREMBLE_MS = [300, 150, 300, 150, 600];

class Bell extends EventTarget {
  #context = null;
  #lock = null;
  #waits = false;

  constructor() {
    super();
    this.wanted = storage()?.getItem(NAME) !== "off";
    // The browser takes the lock away whenever the page is hidden.
    document.addEventListener("visibilitychange", () => this.#stayAwake());
  }

  /** Whether it would be heard now. */
  get isHeard() {
    return this.wanted && this.#context?.state === "running";
  }

  /** Only within a gesture: browsers allow no other beginning. */
  prepare() {
    if (!this.wanted || typeof AudioContext !== "function") return;
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#context.addEventListener("statechange", () => this.#tell());
    }
    this.#context.resume().catch(() => {});
  }

  /** Within a gesture as well: on where it was not to be heard, else off. */
  turn() {
    this.wanted = !this.isHeard;
    try {
      storage()?.setItem(NAME, this.wanted ? "on" : "off");
    } catch {
      // It is remembered for as long as the page is open.
    }
    this.prepare();
    this.#stayAwake();
    this.#tell();
  }

  /** Whether there is something to wait for. */
  wait(waits) {
    this.#waits = waits;
    this.#stayAwake();
  }

  ring() {
    if (!this.wanted) return;
    navigator.vibrate?.(TREMBLE_MS);
    if (!this.isHeard) return;
    for (const tone of CHIME) [0, AGAIN_S].forEach((later_s) => this.#tone(tone, later_s));
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }

  #tone([frequency, from_s, for_s], later_s) {
    const context = this.#context;
    const from = context.currentTime + from_s + later_s;
    const oscillator = new OscillatorNode(context, { type: "triangle", frequency });
    const gain = new GainNode(context, { gain: 0 });
    // Without a soft beginning and end a loudspeaker clicks.
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(LOUDNESS, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, from + for_s);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + for_s);
  }

  async #stayAwake() {
    const wants = this.#waits && this.wanted && document.visibilityState === "visible";
    if (!wants) {
      this.#lock?.release().catch(() => {});
      this.#lock = null;
      return;
    }
    if (!("wakeLock" in navigator) || this.#lock?.released === false) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
    } catch {
      // A low battery forbids it.
    }
  }
}

export const bell = new Bell();
