import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import { type ConversationDetails, HostProvider } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { scene } from "../../host/fakeScene";
import { startI18n } from "../../i18n";
import { Leave } from "./Leave";

beforeAll(() => startI18n());
afterEach(cleanup);

function show(change: (details: ConversationDetails) => ConversationDetails): void {
  const details = change(scene("main").conversations[0] as ConversationDetails);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <HostProvider host={fakeHost("main")}>
        <Leave details={details} />
      </HostProvider>
    </QueryClientProvider>,
  );
}

test("the last owner is told why there is no way out", () => {
  show((details) => ({ ...details, rights: { ...details.rights, leave: false } }));
  expect(screen.queryByTestId("leave")).toBeNull();
  expect(screen.getByText(/only owner/).tagName).toBe("P");
});

test("who is out already sees nothing of it", () => {
  show((details) => ({ ...details, removed: true, rights: { ...details.rights, leave: false } }));
  expect(screen.queryByText(/only owner/)).toBeNull();
});
