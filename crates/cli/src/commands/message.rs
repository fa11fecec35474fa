//! Messages.

use bezel_core::message::{self, Answered, MessageView, SearchHit};
use bezel_core::{Member, Result, conversation};

use crate::output::Output;
use crate::paging::{self, Page};
use crate::terminal::{lines, one_line};

/// How many messages are held in memory at once.
const PAGE_MESSAGES: u32 = 500;

pub(crate) async fn send(member: &Member, conversation: &str, text: &str, reply_to: Option<Answered>, output: &Output) -> Result<()> {
    let sent = message::send(member, conversation::named(member, conversation).await?, text, reply_to).await?;
    output.object(&sent, |sent| format!("{} {:?}", sent.message, sent.state));
    Ok(())
}

/// Goes back page by page, remembering only where each begins, and prints them from the oldest on.
pub(crate) async fn list(member: &Member, conversation: &str, limit: u32, before: Option<&str>, output: &Output) -> Result<()> {
    let id = conversation::named(member, conversation).await?;
    let mut later: Vec<(Option<String>, u32)> = Vec::new();
    let mut cursor = before.map(str::to_owned);
    let mut left = limit.max(1);
    let oldest = loop {
        let size = left.min(PAGE_MESSAGES);
        let page = message::list(member, id, cursor.as_deref(), size).await?;
        left -= size;
        match &page.earlier {
            Some(earlier) if left > 0 => later.push((cursor.replace(earlier.clone()), size)),
            _ => break page,
        }
    };
    output.lines(&oldest.messages, line);
    for (cursor, size) in later.into_iter().rev() {
        output.lines(&message::list(member, id, cursor.as_deref(), size).await?.messages, line);
    }
    if let Some(earlier) = oldest.earlier
        && !message::list(member, id, Some(&earlier), 1).await?.messages.is_empty()
    {
        output.earlier(&earlier, &format!("bezel messages {id} --before {earlier}"));
    }
    Ok(())
}

pub(crate) async fn search(member: &Member, query: &str, limit: u32, skip: u32, output: &Output) -> Result<()> {
    let fetch = async |skip: u32, size: u32| {
        let rows = message::search(member, query, skip, size).await?;
        let next = (rows.len() == size as usize).then(|| skip.saturating_add(size));
        Ok(Page { rows, next })
    };
    let hit = |hit: &SearchHit| format!("{}: {}", one_line(&hit.conversation_title), line(&hit.message));
    paging::print(output, limit, skip, fetch, hit, |skip| format!("the same search with --skip {skip}")).await
}

fn line(message: &MessageView) -> String {
    let words = message.text.as_deref().or(message.problem.as_deref()).unwrap_or_default();
    let mark = if message.verified { "" } else { " [not verified]" };
    format!("{} {}{mark}: {}", message.sent_at.as_str(), one_line(&message.from), lines(words))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use bezel_protocol::Role;
    use bezel_testkit::{Shop, converse};
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn output(&self, json: bool) -> Output {
            Output::to(json, self.clone())
        }

        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }

        /// The texts, and where the list goes on.
        fn texts(&self) -> (Vec<String>, Option<Value>) {
            let mut lines: Vec<Value> = self.take().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let earlier = lines.pop_if(|line| line.get("earlier").is_some()).map(|mut last| last["earlier"].take());
            let messages = lines.iter().map(|line| line.get("message").unwrap_or(line));
            (messages.filter_map(|message| message["text"].as_str().map(str::to_owned)).collect(), earlier)
        }
    }

    fn numbers(range: impl Iterator<Item = usize>) -> Vec<String> {
        range.map(|number| format!("stone {number}")).collect()
    }

    /// `--limit` beyond 500 was cut without a word, and nothing said how to go on.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_long_list_comes_whole_in_order_and_says_how_to_go_on() -> anyhow::Result<()> {
        let shop = Shop::open().await?;
        let ana = shop.owner("ana").await?;
        let ben = shop.join(&ana, "ben", Role::Member).await?;
        let talk = converse(&ana, &[(&ben, Role::Member)]).await?;
        for text in numbers(0..1020) {
            message::send(&ana, talk, &text, None).await?;
        }
        let (id, kept) = (talk.to_string(), Kept::default());
        let output = kept.output(true);

        list(&ana, &id, 1010, None, &output).await?;
        let (texts, earlier) = kept.texts();
        assert_eq!(texts, numbers(10..1020), "three pages, the oldest first");
        let earlier = earlier.and_then(|earlier| earlier.as_str().map(str::to_owned)).unwrap();
        list(&ana, &id, 100, Some(&earlier), &output).await?;
        assert_eq!(kept.texts(), (numbers(0..10), None), "and on to the beginning");
        list(&ana, &id, 5000, None, &output).await?;
        assert_eq!(kept.texts(), (numbers(0..1020), None));
        list(&ana, &id, 100, None, &kept.output(false)).await?;
        let text = kept.take();
        assert!(text.lines().last().unwrap().contains(&format!("bezel messages {id} --before ")), "{text}");

        search(&ana, "stone", 1010, 0, &output).await?;
        let (texts, earlier) = kept.texts();
        assert_eq!(texts, numbers((10..1020).rev()), "the newest first");
        assert_eq!(earlier, Some(Value::from(1010)));
        search(&ana, "stone", 500, 1010, &output).await?;
        assert_eq!(kept.texts(), (numbers((0..10).rev()), None));
        Ok(())
    }
}
