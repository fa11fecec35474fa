import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import { afterEach, beforeAll, expect, test } from "vitest";
import { type ConversationDetails, HostProvider, type MemberView } from "../../data/client";
import { fakeHost } from "../../host/fake";
import { scene } from "../../host/fakeScene";
import { startI18n } from "../../i18n";
import { Details } from "./Details";

beforeAll(() => startI18n());
afterEach(cleanup);

/** What stands under the name of ben, with such a change. */
function underBen(change: Partial<MemberView>): string | null | undefined {
  const details = scene("main").conversations[0] as ConversationDetails;
  const members = details.members.map((member) => (member.handle === "ben" ? { ...member, ...change } : member));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <HostProvider host={fakeHost("main")}>
        <Details details={{ ...details, members }} />
      </HostProvider>
    </QueryClientProvider>,
  );
  const row = screen.getAllByTestId("member-row").find((each) => each.dataset["handle"] === "ben");
  return row && within(row).queryByTestId("confirmed")?.textContent;
}

test("each member shows when they last confirmed, or that they have not yet", () => {
  const threeHours = new Date(Date.now() - 3 * 3_600_000 - 60_000).toISOString();
  expect(underBen({ confirmed_at: threeHours })).toBe("confirmed 3 hours ago");
  cleanup();
  expect(underBen({ confirmed_at: null })).toBe("confirmed nothing yet");
});

test("who does not confirm their own entries is marked, whatever they confirmed before", () => {
  expect(underBen({ confirms: false, confirmed_at: new Date().toISOString() })).toBe("does not confirm");
  expect(screen.getAllByText("does not confirm")).toHaveLength(1);
});

test("what one confirms oneself tells nothing, and is not shown", () => {
  expect(underBen({ me: true })).toBeUndefined();
});
