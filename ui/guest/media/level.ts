/** How loud a microphone is, 0 to 1, on a scale as ears hear: told at every frame of the screen until it is closed. */
export class LevelMeter {
  readonly #context = new AudioContext();
  readonly #source: MediaStreamAudioSourceNode;
  readonly #analyser: AnalyserNode;
  #frame = 0;

  constructor(track: MediaStreamTrack, tell: (level: number) => void) {
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#source.connect(this.#analyser);
    const samples = new Float32Array(this.#analyser.fftSize);
    const measure = () => {
      this.#analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      tell(loudness(power));
      this.#frame = requestAnimationFrame(measure);
    };
    measure();
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#source.disconnect();
    void this.#context.close();
  }
}

/** From -60 dB of full scale, silence, to -10 dB, loud speech. */
export function loudness(power: number): number {
  const decibels = 10 * Math.log10(Math.max(power, 1e-12));
  return Math.min(1, Math.max(0, (decibels + 60) / 50));
}
