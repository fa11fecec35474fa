import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type CallMedia, type GuestLinkView, useAction, useHost } from "../../data/client";
import { clock, day } from "../../data/time";
import styles from "./Call.module.css";
import { OpenLinksOf } from "./OpenLinks";

const HOURS = ["1", "4", "24", "72"] as const;
const USES = ["once", "many"] as const;

interface Props {
  conversation: string;
  media: CallMedia;
  onClose: () => void;
}

/** A link by which a client comes into a call from a browser. */
export function InviteClient({ conversation, media, onClose }: Props): ReactNode {
  const { t, i18n } = useTranslation();
  const host = useHost();
  const [hours, setHours] = useState<(typeof HOURS)[number]>("4");
  const [use, setUse] = useState<(typeof USES)[number]>("once");
  const [copied, setCopied] = useState(false);
  const make = useAction<null, GuestLinkView>((commands) =>
    commands.call_link_create({
      request: { conversation, media, hours: Number(hours), is_single_use: use === "once" },
    }),
  );
  const revoke = useAction((commands, link: string) => commands.call_link_revoke({ link }));
  const link = make.data;
  const when = link ? `${day(link.expires_at, i18n.language)}, ${clock(link.expires_at, i18n.language)}` : "";
  const lead = !link
    ? t("call.link.lead")
    : revoke.isSuccess
      ? t("call.link.revoked")
      : t(link.is_single_use ? "call.link.madeOnce" : "call.link.made", { when });
  return (
    <Dialog
      title={t("call.link.title")}
      lead={lead}
      onClose={onClose}
      actions={
        <>
          {link && !revoke.isSuccess ? (
            <Button
              testId="link-revoke"
              isDisabled={revoke.isPending}
              onPress={() => {
                revoke.mutate(link.link);
              }}
            >
              {t("call.link.revoke")}
            </Button>
          ) : null}
          <Button testId="dialog-close" onPress={onClose}>
            {link ? t("app.close") : t("app.cancel")}
          </Button>
          {!link ? (
            <Button
              kind="primary"
              testId="link-make"
              isDisabled={make.isPending}
              onPress={() => {
                make.mutate(null);
              }}
            >
              {t("call.link.make")}
            </Button>
          ) : revoke.isSuccess ? null : (
            <Button
              kind="primary"
              testId="link-copy"
              onPress={() => {
                void host.copy(link.url).then(() => {
                  setCopied(true);
                });
              }}
            >
              {copied ? t("app.copied") : t("app.copy")}
            </Button>
          )}
        </>
      }
    >
      {link ? (
        revoke.isSuccess ? null : (
          <>
            <p
              dir="ltr"
              className={styles["link"]}
              data-testid="link-url"
              aria-label={t("call.link.url")}
              role="textbox"
              aria-readonly
              tabIndex={0}
            >
              {link.url}
            </p>
            <p className={styles["second"]}>{t("call.link.ring")}</p>
          </>
        )
      ) : (
        <>
          <div className={styles["twoChoices"]}>
            <Choice
              label={t("call.link.lasts")}
              testId="link-hours"
              value={hours}
              options={HOURS.map((each) => ({ value: each, label: t("call.link.hours", { count: Number(each) }) }))}
              onChange={setHours}
            />
            <Choice
              label={t("call.link.use")}
              testId="link-use"
              value={use}
              options={USES.map((each) => ({ value: each, label: t(`call.link.${each}`) }))}
              onChange={setUse}
            />
          </div>
          <OpenLinksOf conversation={conversation} />
        </>
      )}
      <Problem error={make.error ?? revoke.error} />
    </Dialog>
  );
}
