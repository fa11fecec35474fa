//! What members find, in messages, names of files, titles and handles.

use anyhow::Result;
use bezel_core::conversation::{self, NewMember};
use bezel_core::file::{self, FileFilter, FileOrder, Share};
use bezel_core::{Member, message, people, sync};
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Shop, converse};

async fn begin(member: &Member, title: &str) -> Result<ConversationId> {
    let none: &[NewMember] = &[];
    Ok(conversation::create(member, title, none, None).await?.conversation.parse()?)
}

/// Words of scripts without spaces, other spellings and other forms of the same letters were not found.
#[tokio::test(flavor = "multi_thread")]
async fn a_received_message_is_found_and_marked_in_any_script() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    message::send(&ana, ring, "钻石戒指已完成", None).await?;
    message::send(&ana, ring, "Topaze bru\u{302}le\u{301}e", None).await?;
    sync::once(&ben).await?;
    for member in [&ana, &ben] {
        for (typed, snippet) in [("戒指", "钻石\u{1}戒指\u{2}已完成"), ("BRÛLÉE", "Topaze \u{1}bru\u{302}le\u{301}e\u{2}")] {
            let hits = message::search(member, typed, 0, 50).await?;
            assert_eq!(hits.iter().map(|hit| hit.snippet.as_str()).collect::<Vec<_>>(), [snippet], "{typed}");
        }
    }
    Ok(())
}

/// An empty list looked as if nothing were there.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_separators_alone_says_what_is_needed() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let error = message::search(&ana, " -/- ", 0, 50).await.unwrap_err();
    assert_eq!(error.code, "nothing_to_find");
    Ok(())
}

/// Names were compared in lower case of ASCII alone, in whatever form they came.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_and_sorted_by_names_in_any_form() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ring = begin(&ana, "Rings").await?;
    let folder = tempfile::tempdir()?;
    for name in ["E\u{301}meraude.txt", "戒指 100%.txt", "alpha_1.txt"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "x")?;
        file::send(&ana, ring, path, &Share::default()).await?;
    }
    for (typed, expected) in [("ÉMERAUDE", "E\u{301}meraude.txt"), ("戒", "戒指 100%.txt"), ("0%", "戒指 100%.txt"), ("A_", "alpha_1.txt")]
    {
        let filter = FileFilter { name: Some(typed.into()), ..FileFilter::default() };
        let names: Vec<String> = file::list(&ana, &filter, 0, 10).await?.files.into_iter().map(|file| file.name).collect();
        assert_eq!(names, [expected], "{typed}");
    }
    let by_name = FileFilter { order: FileOrder::Name, ..FileFilter::default() };
    let names: Vec<String> = file::list(&ana, &by_name, 0, 10).await?.files.into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["alpha_1.txt", "E\u{301}meraude.txt", "戒指 100%.txt"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_named_by_a_title_that_no_other_has() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let emerald = begin(&ana, "Émeraude").await?;
    begin(&ana, "Ring").await?;
    begin(&ana, "RING").await?;
    assert_eq!(conversation::named(&ana, "emeraude").await?, emerald);
    assert_eq!(conversation::named(&ana, &emerald.to_string()).await?, emerald);
    assert_eq!(conversation::named(&ana, "ring").await.unwrap_err().code, "ambiguous_title");
    assert_eq!(conversation::named(&ana, "emer").await.unwrap_err().code, "no_conversation", "a beginning is not enough to write there");
    let titles: Vec<String> = conversation::find(&ana, "E\u{301}mer").await?.into_iter().map(|each| each.title).collect();
    assert_eq!(titles, ["Émeraude"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_a_part_of_their_handles() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    shop.join(&ana, "ben", Role::Member).await?;
    shop.join(&ana, "hannah", Role::Member).await?;
    sync::once(&ana).await?;
    let handles = |typed: &str| people::find(&ana, typed).into_iter().map(|person| person.handle).collect::<Vec<_>>();
    assert_eq!(handles("@AN"), ["ana", "hannah"], "who begins so comes first");
    assert_eq!(handles("nah"), ["hannah"]);
    assert_eq!(handles("zoe"), Vec::<String>::new());
    assert_eq!(handles(" "), ["ana", "ben", "hannah"]);
    Ok(())
}
