import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { startI18n } from "../../i18n";
import { Words } from "./Words";

beforeAll(() => startI18n());
afterEach(cleanup);

async function open() {
  const host = fakeHost("new");
  const request = { name: "Maison Lune", handle: "ana", relay: null, passphrase: null };
  const { recovery_words: words } = await host.commands.workspace_create({ request });
  const onDone = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <HostProvider host={host}>
        <Words words={words} onDone={onDone} />
      </HostProvider>
    </QueryClientProvider>,
  );
  return { host, words, onDone };
}

const answers = () => screen.getAllByTestId<HTMLInputElement>("recovery-answer");
const places = () => answers().map((answer) => Number(answer.dataset["index"]));
const press = (id: string) => userEvent.click(screen.getByTestId(id));

async function answer(words: (place: number) => string) {
  for (const field of answers()) await userEvent.type(field, words(Number(field.dataset["index"])));
  await press("recovery-confirm");
}

test("the words are out of sight while three of them are asked for", async () => {
  await open();
  expect(screen.getAllByTestId("recovery-word")).toHaveLength(24);
  await press("recovery-continue");
  expect(screen.queryByTestId("recovery-word")).toBeNull();
  expect(answers()).toHaveLength(3);
});

test("wrong words confirm nothing, and say so", async () => {
  const { onDone } = await open();
  await press("recovery-continue");
  await answer(() => "zirconia");
  expect(await screen.findByText(/not the words that were asked for/)).toBeTruthy();
  expect(onDone).not.toHaveBeenCalled();
});

test("an answer that does not confirm is no confirmation", async () => {
  const { host, onDone } = await open();
  vi.spyOn(host.commands, "recovery_confirm").mockResolvedValue({ confirmed: false });
  await press("recovery-continue");
  await answer(() => "zirconia");
  expect(await screen.findByText(/not the words that were asked for/)).toBeTruthy();
  expect(onDone).not.toHaveBeenCalled();
});

test("right words confirm", async () => {
  const { words, onDone } = await open();
  await press("recovery-continue");
  await answer((place) => words[place] ?? "");
  await waitFor(() => {
    expect(onDone).toHaveBeenCalledOnce();
  });
});

test("whoever looks at the words again is asked for others", async () => {
  await open();
  await press("recovery-continue");
  const before = places();
  await press("recovery-again");
  expect(screen.getAllByTestId("recovery-word")).toHaveLength(24);
  await press("recovery-continue");
  expect(places().filter((place) => before.includes(place))).toEqual([]);
  expect(answers().map((field) => field.value)).toEqual(["", "", ""]);
});
