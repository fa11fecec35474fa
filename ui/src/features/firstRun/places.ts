/** How many recovery words there are, and how many of them are asked for. */
const WORDS = 24;
const ASKED = 3;

/** Three different places (from 0), in order, none of which was asked for just before. */
export function places(before: readonly number[] = []): number[] {
  const chosen = new Set<number>();
  while (chosen.size < ASKED) {
    const place = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % WORDS;
    if (!before.includes(place)) chosen.add(place);
  }
  return [...chosen].sort((a, b) => a - b);
}
