import { render } from "@testing-library/react";
import { expect, test } from "vitest";
import { Markdown } from "./markdown";

const html = (text: string): string => render(<Markdown text={text} />).container.innerHTML;

test("bold, italic, code and addresses are shown as such", () => {
  expect(html("**two** *carats* `2041` https://gia.edu/x.")).toBe(
    "<strong>two</strong> <em>carats</em> <code>2041</code> <u>https://gia.edu/x</u>.",
  );
});

test("what looks like HTML stays text", () => {
  expect(html('<img src=x onerror="alert(1)"> **<b>x</b>**')).not.toMatch(/<img|<b>/);
});

test("a lone star is a star", () => {
  expect(html("5 * 3 = 15")).toBe("5 * 3 = 15");
});
