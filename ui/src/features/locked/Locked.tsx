import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Mark } from "../../components/Mark";
import { Problem } from "../../components/States";
import { type SlotName, useAction } from "../../data/client";
import styles from "./Locked.module.css";

/** The usual way in did not work: another one is asked for. Nothing is ever made anew over what is there. */
export function Locked({ slots, reason }: { slots: SlotName[]; reason: string }): ReactNode {
  const { t } = useTranslation();
  const [byWords, setByWords] = useState(!slots.includes("passphrase"));
  const [secret, setSecret] = useState("");
  const unlock = useAction((commands, by: "typed" | "keychain") =>
    commands.unlock({
      request: {
        passphrase: by === "typed" && !byWords ? secret : null,
        recovery_words: by === "typed" && byWords ? secret : null,
      },
    }),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (secret.trim() !== "") unlock.mutate("typed");
  };
  return (
    <main className={styles["page"]}>
      <form className={styles["form"]} onSubmit={submit}>
        <header className={styles["head"]}>
          <Mark size="2.75rem" />
          <h1 className={styles["title"]}>{t("locked.title")}</h1>
          <p className={styles["reason"]}>{reason}</p>
        </header>
        <Field
          label={byWords ? t("locked.words") : t("locked.passphrase")}
          testId={byWords ? "field-words" : "field-passphrase"}
          type="password"
          value={secret}
          onChange={setSecret}
          autoFocus
        />
        <Problem error={unlock.error} />
        <div className={styles["actions"]}>
          {slots.includes("passphrase") ? (
            <Button
              kind="quiet"
              onPress={() => {
                setByWords(!byWords);
                setSecret("");
              }}
            >
              {byWords ? t("locked.usePassphrase") : t("locked.useWords")}
            </Button>
          ) : null}
          {slots.includes("keychain") ? (
            <Button
              kind="quiet"
              onPress={() => {
                unlock.mutate("keychain");
              }}
            >
              {t("locked.keychain")}
            </Button>
          ) : null}
          <Button kind="primary" type="submit" testId="submit" isDisabled={unlock.isPending || secret.trim() === ""}>
            {t("locked.unlock")}
          </Button>
        </div>
      </form>
    </main>
  );
}
