/** Two notes of a small bell, every so many seconds. */
const EVERY_S = 2.6;
const NOTES = [880, 1108.73, 1318.51] as const;

/** Rings until the returned function is called. A web view that plays nothing stays silent: the window is there all the same. */
export function ring(): () => void {
  if (typeof AudioContext === "undefined") return () => undefined;
  const sound = new AudioContext();
  void sound.resume().catch(() => undefined);
  const strike = (): void => {
    NOTES.forEach((pitch, index) => {
      const at = sound.currentTime + index * 0.16;
      const [tone, swell] = [sound.createOscillator(), sound.createGain()];
      tone.frequency.value = pitch;
      swell.gain.setValueAtTime(0, at);
      swell.gain.linearRampToValueAtTime(0.16, at + 0.012);
      swell.gain.exponentialRampToValueAtTime(0.0008, at + 1.3);
      tone.connect(swell).connect(sound.destination);
      tone.start(at);
      tone.stop(at + 1.35);
    });
  };
  strike();
  const timer = setInterval(strike, EVERY_S * 1000);
  return () => {
    clearInterval(timer);
    void sound.close().catch(() => undefined);
  };
}
