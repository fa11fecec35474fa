import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { MessageView } from "../../data/client";
import { messageKey } from "./rows";

/** More than so many at once are counted, not read out. */
const READ_OUT = 3;

/** The place of the newest message that the relay has; 0 where there is none. */
function newestPlace(messages: MessageView[]): number {
  return messages.reduce((newest, message) => Math.max(newest, message.sequence ?? 0), 0);
}

/** Tells, once, what others wrote while one looks at the thread; never what is only scrolled into sight. */
export function Arrivals({ messages }: { messages: MessageView[] }): ReactNode {
  const { t } = useTranslation();
  const [heard, setHeard] = useState(() => ({ place: newestPlace(messages), arrived: [] as MessageView[] }));
  const place = newestPlace(messages);
  if (place > heard.place) {
    const arrived = messages.filter((message) => !message.mine && (message.sequence ?? 0) > heard.place);
    setHeard({ place, arrived: arrived.length > 0 ? arrived : heard.arrived });
  }
  const { arrived } = heard;
  const shown = arrived.length > READ_OUT ? [] : arrived;
  return (
    <div className="visually-hidden" role="log" aria-live="polite" data-testid="arrivals">
      {arrived.length > READ_OUT ? <p>{t("thread.arrivedMany", { count: arrived.length })}</p> : null}
      {shown.map((message) => (
        <p key={messageKey(message)}>
          {message.kind === "text"
            ? t("thread.arrived", { from: message.from, text: message.text ?? "" })
            : t(message.kind === "call" ? "calls.incoming" : "thread.arrivedOther", { from: message.from })}
        </p>
      ))}
    </div>
  );
}
