import { Link } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Empty, Problem, Skeleton } from "../../components/States";
import { useOpenLinks } from "../../data/calls";
import { type OpenLinkView, useAction, useConversations } from "../../data/client";
import { clock, day } from "../../data/time";
import styles from "./OpenLinks.module.css";

/** The links of all conversations that still lead into calls. */
export function OpenLinks(): ReactNode {
  const { t } = useTranslation();
  const links = useOpenLinks();
  if (links.isPending) return <Skeleton shape="rows" lines={3} />;
  if (links.isError) return <Problem error={links.error} onRetry={() => void links.refetch()} />;
  return (
    <List links={links.data} lead={t("call.link.openLead")}>
      <Empty title={t("call.link.none")} lead={t("call.link.noneLead")} />
    </List>
  );
}

/** Those of one conversation, where there are any, beside the way to a new one. */
export function OpenLinksOf({ conversation }: { conversation: string }): ReactNode {
  const { t } = useTranslation();
  const links = useOpenLinks();
  if (links.isPending) return null;
  if (links.isError) return <Problem error={links.error} onRetry={() => void links.refetch()} />;
  return (
    <List links={links.data.filter((each) => each.conversation === conversation)} lead={t("call.link.open")} isOfOne />
  );
}

interface ListProps {
  links: OpenLinkView[];
  lead: string;
  /** They are all of one conversation, which is named elsewhere. */
  isOfOne?: boolean;
  /** What stands where there are none. */
  children?: ReactNode;
}

function List({ links, lead, isOfOne = false, children }: ListProps): ReactNode {
  const { t } = useTranslation();
  const conversations = useConversations().data ?? [];
  const titleOf = (id: string): string => conversations.find((each) => each.id === id)?.title ?? t("list.untitled");
  const [withdrawn, setWithdrawn] = useState<OpenLinkView | null>(null);
  const told = useRef<HTMLParagraphElement>(null);
  // The button that was pressed goes with its line: who uses the keyboard is led to what came of it.
  useEffect(() => {
    if (withdrawn) told.current?.focus();
  }, [withdrawn]);
  const shown = links.filter((each) => each.link !== withdrawn?.link);
  return (
    <>
      {withdrawn ? (
        <p ref={told} role="status" tabIndex={-1} className={styles["told"]} data-testid="link-withdrawn">
          {t("call.link.withdrawn", { title: titleOf(withdrawn.conversation) })}
        </p>
      ) : null}
      {shown.length === 0 ? (
        children
      ) : (
        <section className={styles["links"]} aria-label={t("call.link.open")}>
          <p className={styles["second"]}>{lead}</p>
          <ul className={styles["list"]}>
            {shown.map((link) => (
              <Line
                key={link.link}
                link={link}
                title={titleOf(link.conversation)}
                isTitled={!isOfOne}
                onWithdrawn={setWithdrawn}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

interface LineProps {
  link: OpenLinkView;
  title: string;
  isTitled: boolean;
  onWithdrawn: (link: OpenLinkView) => void;
}

function Line({ link, title, isTitled, onWithdrawn }: LineProps): ReactNode {
  const { t, i18n } = useTranslation();
  const revoke = useAction((commands, id: string) => commands.call_link_revoke({ link: id }));
  const when = `${day(link.expires_at, i18n.language)}, ${clock(link.expires_at, i18n.language)}`;
  const uses = link.is_used ? "used" : link.is_single_use ? "isOnce" : "isMany";
  return (
    <li className={styles["line"]} data-testid="link-line" data-link={link.link}>
      <Link size="1.125rem" strokeWidth={1.75} aria-hidden />
      <span className={styles["facts"]}>
        {isTitled ? <bdi className={styles["name"]}>{title}</bdi> : null}
        <span className={styles["second"]}>
          {link.mine ? t("call.link.usesMine", { when }) : t("call.link.uses", { from: link.from, when })}
          {" · "}
          {t(`call.link.${uses}`)}
        </span>
      </span>
      <Button
        testId="link-withdraw"
        aria-label={t("call.link.withdrawFor", { title, when })}
        isDisabled={revoke.isPending}
        onPress={() => {
          revoke.mutate(link.link, {
            onSuccess: () => {
              onWithdrawn(link);
            },
          });
        }}
      >
        {t("call.link.withdraw")}
      </Button>
      <Problem error={revoke.error} />
    </li>
  );
}
