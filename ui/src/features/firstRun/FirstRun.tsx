import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Problem } from "../../components/States";
import { type RecoveryWords, useAction } from "../../data/client";
import styles from "./FirstRun.module.css";
import { Head } from "./Head";
import { isAddress, isHandle, isLink, unfit } from "./validate";
import { Words } from "./Words";

type Door = "create" | "join";

interface Props {
  /** From now on the first run must be finished, whatever the core says of its state. */
  onBegin: () => void;
  onDone: () => void;
}

/** The first run: two doors, one form each, then the recovery words. */
export function FirstRun({ onBegin, onDone }: Props): ReactNode {
  const { t } = useTranslation();
  const [door, setDoor] = useState<Door | null>(null);
  const [words, setWords] = useState<string[] | null>(null);
  return (
    <main className={styles["page"]}>
      <div className={styles["column"]}>
        {words ? (
          <Words words={words} onDone={onDone} />
        ) : (
          <>
            <Head title={t("firstRun.title")} lead={t("firstRun.lead")} />
            {door ? (
              <Form
                door={door}
                onBack={() => {
                  setDoor(null);
                }}
                onBegin={onBegin}
                onFailed={onDone}
                onWords={setWords}
              />
            ) : (
              <Doors onDoor={setDoor} />
            )}
          </>
        )}
      </div>
    </main>
  );
}

function Doors({ onDoor }: { onDoor: (door: Door) => void }): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["doors"]}>
      {(["create", "join"] as const).map((door) => (
        <button
          key={door}
          type="button"
          className={styles["door"]}
          data-testid={`door-${door}`}
          onClick={() => {
            onDoor(door);
          }}
        >
          <span className={styles["doorTitle"]}>{t(`firstRun.${door}`)}</span>
          <span className={styles["lead"]}>{t(door === "create" ? "firstRun.createLead" : "firstRun.joinLead")}</span>
        </button>
      ))}
    </div>
  );
}

interface FormProps {
  door: Door;
  onBack: () => void;
  onBegin: () => void;
  onFailed: () => void;
  onWords: (words: string[]) => void;
}

function Form({ door, onBack, onBegin, onFailed, onWords }: FormProps): ReactNode {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [link, setLink] = useState("");
  const [handle, setHandle] = useState("");
  const [relay, setRelay] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [tried, setTried] = useState<string | null>(null);
  const enrol = useAction<undefined, RecoveryWords>((commands) => {
    const given = passphrase === "" ? null : passphrase;
    return door === "create"
      ? commands.workspace_create({
          request: { name, handle: handle.trim(), relay: relay.trim() || null, passphrase: given },
        })
      : commands.workspace_join({ request: { link: link.trim(), handle: handle.trim(), passphrase: given } });
  });
  const why = unfit(enrol.error?.code);
  const complete = isHandle(handle) && (door === "create" ? name.trim() !== "" && isAddress(relay) : isLink(link));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!complete || enrol.isPending) return;
    onBegin();
    setTried(passphrase);
    enrol.mutate(undefined, {
      onSuccess: (made) => {
        onWords(made.recovery_words);
      },
      onError: onFailed,
    });
  };
  return (
    <form className={styles["form"]} onSubmit={submit}>
      {door === "create" ? (
        <Field
          label={t("firstRun.name")}
          placeholder={t("firstRun.namePlaceholder")}
          testId="field-name"
          value={name}
          onChange={setName}
          autoFocus
        />
      ) : (
        <Field
          label={t("firstRun.link")}
          placeholder="bezel://join?…"
          testId="field-link"
          value={link}
          onChange={setLink}
          problem={link === "" || isLink(link) ? undefined : t("firstRun.linkBad")}
          autoFocus
        />
      )}
      <Field
        label={t("firstRun.handle")}
        placeholder={t("firstRun.handlePlaceholder")}
        hint={t("firstRun.handleHint")}
        testId="field-handle"
        value={handle}
        onChange={setHandle}
        problem={handle === "" || isHandle(handle) ? undefined : t("firstRun.handleBad")}
      />
      <details className={styles["more"]}>
        <summary data-testid="more">{t("firstRun.advanced")}</summary>
        <div className={styles["fields"]}>
          {door === "create" ? (
            <Field
              label={t("firstRun.relay")}
              placeholder="http://127.0.0.1:7300"
              hint={t("firstRun.relayHint")}
              testId="field-relay"
              value={relay}
              onChange={setRelay}
              problem={isAddress(relay) ? undefined : t("firstRun.relayBad")}
            />
          ) : null}
          <Field
            label={t("firstRun.passphrase")}
            hint={t("firstRun.passphraseHint")}
            testId="field-passphrase"
            type="password"
            value={passphrase}
            onChange={setPassphrase}
            problem={why && tried === passphrase ? t(`firstRun.unfit.${why}`) : undefined}
          />
        </div>
      </details>
      <Problem error={why ? null : enrol.error} />
      <div className={styles["actions"]}>
        <Button kind="quiet" onPress={onBack} isDisabled={enrol.isPending}>
          {t("firstRun.back")}
        </Button>
        <Button kind="primary" type="submit" testId="submit" isDisabled={!complete || enrol.isPending}>
          {enrol.isPending
            ? t("firstRun.working")
            : t(door === "create" ? "firstRun.submitCreate" : "firstRun.submitJoin")}
        </Button>
      </div>
    </form>
  );
}
