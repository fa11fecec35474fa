import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Problem } from "../../components/States";
import { type RecoveryConfirmed, useAction } from "../../data/client";
import styles from "./FirstRun.module.css";

interface Props {
  /** The places (from 0) whose words are asked for. */
  asked: readonly number[];
  /** The other way out. */
  back: ReactNode;
  /** All the words were right, and nothing else. */
  onConfirmed: () => void;
}

/** Asks for some of the recovery words; they are nowhere to be seen meanwhile. */
export function RecoveryQuestions({ asked, back, onConfirmed }: Props): ReactNode {
  const { t } = useTranslation();
  const [words, setWords] = useState<Record<number, string>>({});
  const confirm = useAction<undefined, RecoveryConfirmed>((commands) =>
    commands.recovery_confirm({
      request: { answers: asked.map((index) => ({ index, word: (words[index] ?? "").trim() })) },
    }),
  );
  const complete = asked.every((index) => (words[index] ?? "").trim() !== "");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!complete || confirm.isPending) return;
    confirm.mutate(undefined, {
      onSuccess: ({ confirmed }) => {
        if (confirmed) onConfirmed();
      },
    });
  };
  return (
    <form className={styles["fields"]} onSubmit={submit}>
      {asked.map((index, order) => (
        <Field
          key={index}
          label={t("recovery.word", { number: index + 1 })}
          testId="recovery-answer"
          index={index}
          value={words[index] ?? ""}
          onChange={(word) => {
            setWords({ ...words, [index]: word });
          }}
          autoFocus={order === 0}
        />
      ))}
      {confirm.data?.confirmed === false ? (
        <p className={styles["wrong"]} role="alert">
          {t("recovery.wrong")}
        </p>
      ) : null}
      <Problem error={confirm.error} />
      <div className={styles["actions"]}>
        {back}
        <Button kind="primary" type="submit" testId="recovery-confirm" isDisabled={!complete || confirm.isPending}>
          {t("recovery.confirm")}
        </Button>
      </div>
    </form>
  );
}
