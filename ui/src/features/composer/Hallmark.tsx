import { ShieldAlert, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { type Algorithm, type EncryptionStatus, type MemberView, useEncryptionStatus } from "../../data/client";
import { number } from "../../data/number";
import { relative } from "../../data/time";
import styles from "./EncryptedMessageComposer.module.css";

const ALGORITHMS: Record<Algorithm, string> = { aes_256_gcm: "AES-256-GCM", chacha20_poly1305: "ChaCha20-Poly1305" };

/** Warnings of what is meant to be so, and good to know. */
const NOTES: ReadonlySet<string> = new Set(["guest"]);

function warningsTone({ warnings }: EncryptionStatus): "good" | "note" | "danger" {
  if (warnings.length === 0) return "good";
  return warnings.every((warning) => NOTES.has(warning.code)) ? "note" : "danger";
}

interface Props {
  conversation: string;
  algorithm: Algorithm;
  participants: MemberView[];
  isEncrypted: boolean;
}

/** One line that says what holds now; pressed, all the facts. */
export function Hallmark({ conversation, algorithm, participants, isEncrypted }: Props): ReactNode {
  const { t, i18n } = useTranslation();
  const status = useEncryptionStatus(conversation).data;
  const count = status?.people ?? participants.length;
  const verified = status?.verified ?? participants.filter((member) => member.verified).length;
  const tone = !isEncrypted || verified < count ? "danger" : status ? warningsTone(status) : "good";
  const people =
    verified === count ? t("composer.verifiedAll", { count }) : t("composer.verifiedSome", { verified, count });
  const parts = [ALGORITHMS[algorithm], people];
  if (status?.warnings[0]) parts[1] = status.warnings[0].text.replace(/\.$/, "");
  if (status) parts.push(t("composer.rotated", { when: relative(status.rotated_at, new Date(), i18n.language) }));
  const Icon = tone === "good" ? ShieldCheck : ShieldAlert;
  return (
    <DialogTrigger>
      <AriaButton className={styles["hallmark"] ?? ""} data-testid="hallmark" data-tone={tone}>
        <Icon size="1rem" aria-hidden />
        <span>{parts.join(" · ")}</span>
      </AriaButton>
      <Popover placement="top start">
        <Dialog className={styles["facts"] ?? ""}>
          <Heading slot="title" className={styles["factsTitle"] ?? ""}>
            {t("composer.hallmark")}
          </Heading>
          {status ? <Facts status={status} /> : null}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Facts({ status }: { status: EncryptionStatus }): ReactNode {
  const { t, i18n } = useTranslation();
  return (
    <>
      {status.warnings.map((warning) => (
        <p key={warning.text} className={styles[NOTES.has(warning.code) ? "note" : "warning"]}>
          {warning.text}
        </p>
      ))}
      <ul>
        {status.readers.map((reader) => (
          <li key={reader.handle} className={styles["reader"]}>
            <Avatar small name={reader.handle} />
            {reader.handle}
            <span className={styles["role"]}>{t(`role.${reader.role}`)}</span>
          </li>
        ))}
      </ul>
      <p className={styles["line"]}>
        {ALGORITHMS[status.algorithm]} · {t("details.epoch")} {number(status.epoch, i18n.language)} ·{" "}
        {t("composer.rotated", { when: relative(status.rotated_at, new Date(), i18n.language) })}
      </p>
    </>
  );
}
