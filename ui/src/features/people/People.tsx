import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Dialog";
import { Menu, type MenuAction } from "../../components/Menu";
import { Problem, Skeleton } from "../../components/States";
import { type Person, type Role, useAction, usePeople } from "../../data/client";
import { Invite } from "./Invite";
import styles from "./People.module.css";

const ROLES: Role[] = ["owner", "admin", "member", "read_only", "guest"];

type Asked = { what: "suspend" | "remove"; person: Person } | null;

/** Everybody in the workspace, as the signed roster says. */
export function People({ myRole }: { myRole: Role }): ReactNode {
  const { t } = useTranslation();
  const people = usePeople();
  const [inviting, setInviting] = useState(false);
  const [asked, setAsked] = useState<Asked>(null);
  const administers = myRole === "owner" || myRole === "admin";
  return (
    <div className={styles["page"]}>
      <div className={styles["column"]}>
        <header className={styles["head"]}>
          <div>
            <h1 className={styles["title"]}>{t("people.title")}</h1>
            <p className={styles["lead"]}>{t("people.lead")}</p>
          </div>
          {administers ? (
            <Button
              kind="primary"
              testId="invite-open"
              onPress={() => {
                setInviting(true);
              }}
            >
              {t("people.invite")}
            </Button>
          ) : null}
        </header>
        {people.isPending ? <Skeleton shape="rows" /> : null}
        <Problem error={people.error} onRetry={() => void people.refetch()} />
        <ul className={styles["list"]}>
          {people.data?.map((person) => (
            <Row key={person.user} person={person} myRole={myRole} onAsk={setAsked} />
          ))}
        </ul>
      </div>
      {inviting ? (
        <Invite
          myRole={myRole}
          onClose={() => {
            setInviting(false);
          }}
        />
      ) : null}
      {asked ? (
        <Ask
          asked={asked}
          onClose={() => {
            setAsked(null);
          }}
        />
      ) : null}
    </div>
  );
}

function Row({ person, myRole, onAsk }: { person: Person; myRole: Role; onAsk: (asked: Asked) => void }): ReactNode {
  const { t } = useTranslation();
  const setRole = useAction((commands, role: Role) =>
    commands.person_set_role({ request: { user: person.user, role } }),
  );
  const reinstate = useAction((commands, user: string) => commands.person_reinstate({ user }));
  const may = (role: Role): boolean => myRole === "owner" || (myRole === "admin" && role !== "owner");
  const actions: MenuAction[] = ROLES.filter(may).map((role) => ({
    id: `role-${role}`,
    label: t(`role.${role}`),
    isChosen: role === person.role,
    onAction: () => {
      setRole.mutate(role);
    },
  }));
  if (person.status === "suspended") {
    actions.push({
      id: "reinstate",
      label: t("people.reinstate"),
      onAction: () => {
        reinstate.mutate(person.user);
      },
    });
  } else {
    actions.push({
      id: "suspend",
      label: t("people.suspend"),
      onAction: () => {
        onAsk({ what: "suspend", person });
      },
    });
  }
  actions.push({
    id: "remove",
    label: t("people.remove"),
    danger: true,
    onAction: () => {
      onAsk({ what: "remove", person });
    },
  });
  const devices = person.devices.filter((device) => !device.revoked).length;
  return (
    <li data-testid="people-row" data-handle={person.handle}>
      <div className={styles["row"]}>
        <Avatar name={person.handle} />
        <span className={styles["name"]}>
          {person.handle} {person.me ? <span className={styles["me"]}>({t("app.you")})</span> : null}
        </span>
        <span className={person.status === "active" ? styles["second"] : styles["shutOut"]}>
          {person.status === "active" ? t(`role.${person.role}`) : t(`status.${person.status}`)}
        </span>
        <span className={[styles["second"], styles["devices"]].join(" ")}>
          {t("people.devices", { count: devices })}
        </span>
        <span dir="ltr" className={styles["print"]} title={person.fingerprint}>
          {person.fingerprint.slice(0, 16)}…
        </span>
        {may(person.role) && !person.me && person.status !== "removed" ? (
          <Menu label={t("people.menu", { handle: person.handle })} handle={person.handle} actions={actions} />
        ) : (
          <span />
        )}
      </div>
      <Problem error={setRole.error ?? reinstate.error} />
    </li>
  );
}

function Ask({ asked, onClose }: { asked: NonNullable<Asked>; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const { what, person } = asked;
  const act = useAction((commands, user: string) =>
    what === "suspend" ? commands.person_suspend({ user }) : commands.person_remove({ user }),
  );
  const { handle } = person;
  return (
    <Confirm
      danger
      title={t(what === "suspend" ? "people.suspendTitle" : "people.removeTitle", { handle })}
      lead={t(what === "suspend" ? "people.suspendLead" : "people.removeLead", { handle })}
      action={t(what === "suspend" ? "people.suspend" : "people.remove")}
      busy={act.isPending}
      problem={<Problem error={act.error} />}
      onConfirm={() => {
        act.mutate(person.user, { onSuccess: onClose });
      }}
      onClose={onClose}
    />
  );
}
