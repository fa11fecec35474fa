import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

// Pale text is the commonest fault of a quiet design: every pair that carries words is measured (WCAG 2.2, 1.4.3).
const css = readFileSync(resolve(import.meta.dirname, "tokens.css"), "utf8");
const raw = new Map([...css.matchAll(/--([a-z]+-\d+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2] ?? ""]));

function meanings(theme: "light" | "dark"): Map<string, string> {
  const block = css.slice(css.indexOf(`[data-theme="${theme}"]`)).split("}")[0] ?? "";
  return new Map(
    [...block.matchAll(/--([a-z-]+): var\(--([a-z]+-\d+)\);/g)].map((m) => [m[1] ?? "", raw.get(m[2] ?? "") ?? ""]),
  );
}

function luminance(hex: string): number {
  const channel = (at: number): number => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const pairs = [
  ...["ink", "ink-second", "ink-third", "danger", "information", "verified"].flatMap((text) =>
    ["ground", "surface", "sunk"].map((ground) => [text, ground]),
  ),
  ["ink", "own-message"],
  ["ink-third", "own-message"],
  ["ink", "selection"],
  ["ink-second", "selection"],
  ["on-accent", "accent"],
  ["focus", "surface"],
  ["verified", "verified-ground"],
  ["danger", "danger-ground"],
  ["information", "information-ground"],
] as [string, string][];

describe.each(["light", "dark"] as const)("%s", (theme) => {
  const colours = meanings(theme);
  test.each(pairs)("%s on %s can be read", (text, ground) => {
    expect(contrast(colours.get(text) ?? "", colours.get(ground) ?? "")).toBeGreaterThanOrEqual(4.5);
  });
});
