//! A search finds the rows that hold all its words, in any language, in its own scope, and follows every change.

use host_store::*;
use rstest::rstest;

use super::support::*;

fn messages() -> Collection {
    let mut messages = collection(
        "messages",
        vec![
            required("id", Kind::Text),
            required("account", Kind::Text),
            field("at", Kind::Time),
            field("subject", Kind::Text),
            field("body", Kind::Text),
            field("read", Kind::Boolean),
        ],
        &["id"],
        vec![index(&["account", "at"])],
    );
    messages.full_text = Some(FullText {
        fields: strings(&["subject", "body"]),
        scope: "account".to_owned(),
    });
    messages
}

async fn with(rows: &[(&str, &str, &str, &str)]) -> World {
    let world = World::new().await;
    world.define(messages()).await;
    let rows = rows.iter().map(|(id, account, subject, body)| {
        vec![text(id), text(account), text(subject), text(body)]
    });
    world
        .put(
            "messages",
            &["id", "account", "subject", "body"],
            rows.collect(),
        )
        .await;
    world
}

async fn found(world: &World, scope: &str, words: &str) -> Vec<String> {
    world
        .texts(&query(
            "messages",
            all_of(vec![matches(scope, words)]),
            vec![],
            3,
        ))
        .await
}

#[rstest]
#[case::word("budget", &["latin"])]
#[case::case_and_accents("RESUME cafe", &["latin"])]
#[case::all_words("budget nothing", &[])]
#[case::last_is_a_prefix("quarterly bud", &["latin"])]
#[case::first_is_none("quart budget", &[])]
#[case::phrase("\"quarterly budget\"", &["latin"])]
#[case::phrase_in_order("\"budget quarterly\"", &[])]
#[case::phrase_is_no_prefix("\"quarterly bud\"", &[])]
#[case::no_phrase_across_fields("\"review please\"", &[])]
#[case::both_fields("review please", &["latin"])]
#[case::address("anna@example.com", &["latin"])]
#[case::address_part("example", &["latin"])]
#[case::cyrillic("отчёт", &["cyrillic"])]
#[case::cyrillic_without_dots("ОТЧЕТ квартал", &["cyrillic"])]
#[case::chinese("电子邮件", &["chinese"])]
#[case::chinese_part("子邮", &["chinese"])]
#[case::chinese_one("件", &["chinese"])]
#[case::chinese_other("邮电", &[])]
#[case::japanese("会議", &["japanese"])]
#[case::japanese_kana("よろしく", &["japanese"])]
#[case::japanese_half_width("ﾒｰﾙ", &["japanese"])]
#[case::korean("회의", &["korean"])]
#[case::korean_inside("의록", &["korean"])]
#[case::arabic("الاجتماع", &["arabic"])]
#[case::arabic_pointed("مُحَمَّد", &["arabic"])]
#[case::hebrew("שלום", &["hebrew"])]
#[case::thai("ประชุม", &["thai"])]
#[case::hindi("बैठक", &["hindi"])]
#[case::nothing_to_find("", &["arabic", "chinese", "cyrillic", "hebrew", "hindi", "japanese", "korean", "latin", "thai"])]
#[case::quotes("\"", &["arabic", "chinese", "cyrillic", "hebrew", "hindi", "japanese", "korean", "latin", "thai"])]
#[case::syntax("NEAR(a) OR * ^ t:budget", &[])]
#[tokio::test]
async fn words_are_found(#[case] words: &str, #[case] expected: &[&str]) {
    let world = with(&[
        (
            "latin",
            "a",
            "Résumé review",
            "Please find the quarterly budget, Café Zürich. anna@example.com",
        ),
        (
            "cyrillic",
            "a",
            "Отчёт за квартал",
            "Добрый день! Прилагаю отчёт.",
        ),
        ("chinese", "a", "关于电子邮件系统", "请查收附件"),
        (
            "japanese",
            "a",
            "会議のご案内",
            "よろしくお願いします。メールでご連絡ください",
        ),
        ("korean", "a", "회의록 공유", "감사합니다"),
        ("arabic", "a", "محضر الاجتماع", "مع تحيات محمد"),
        ("hebrew", "a", "שָׁלוֹם", ""),
        ("thai", "a", "รายงานการประชุม", ""),
        ("hindi", "a", "कल की बैठक", ""),
        ("other", "b", "budget отчёт 电子邮件", "shalom"),
    ])
    .await;
    assert_eq!(found(&world, "a", words).await, expected);
}

#[tokio::test]
async fn scopes_are_apart() {
    let world = with(&[("1", "a", "hello", ""), ("2", "b", "hello", "")]).await;
    assert_eq!(found(&world, "a", "hello").await, ["1"]);
    assert_eq!(found(&world, "b", "hel").await, ["2"]);
    assert!(found(&world, "c", "hello").await.is_empty());
    // A row that moves is found where it is.
    world
        .put(
            "messages",
            &["id", "account"],
            vec![vec![text("1"), text("c")]],
        )
        .await;
    assert!(found(&world, "a", "hello").await.is_empty());
    assert_eq!(found(&world, "c", "hello").await, ["1"]);
}

#[tokio::test]
async fn changes_are_followed() {
    let world = with(&[("1", "a", "first", "alpha"), ("2", "a", "second", "beta")]).await;
    // Put again with other words, with one field, and with none that is searched.
    world
        .put(
            "messages",
            &["id", "account", "subject", "body"],
            vec![vec![text("1"), text("a"), text("third"), text("gamma")]],
        )
        .await;
    assert!(found(&world, "a", "first").await.is_empty());
    assert!(found(&world, "a", "alpha").await.is_empty());
    assert_eq!(found(&world, "a", "third gamma").await, ["1"]);
    world
        .put(
            "messages",
            &["id", "subject"],
            vec![vec![text("1"), text("fourth")]],
        )
        .await;
    assert_eq!(found(&world, "a", "fourth gamma").await, ["1"]);
    world
        .put(
            "messages",
            &["id", "read"],
            vec![vec![text("1"), Value::Boolean(true)]],
        )
        .await;
    assert_eq!(found(&world, "a", "fourth gamma").await, ["1"]);
    // Patched by what is searched.
    let patch = Write::Patch {
        collection: "messages".to_owned(),
        filter: all_of(vec![matches("a", "beta")]),
        fields: strings(&["body", "subject"]),
        values: vec![text("delta"), Value::Null],
    };
    world.apply(vec![patch]).await.unwrap();
    assert!(found(&world, "a", "beta").await.is_empty());
    assert!(found(&world, "a", "second").await.is_empty());
    assert_eq!(found(&world, "a", "delta").await, ["2"]);
    // Deleted by what is searched, and made again.
    let delete = Write::Delete {
        collection: "messages".to_owned(),
        filter: all_of(vec![matches("a", "gamma")]),
    };
    let again = put(
        "messages",
        &["id", "account", "body"],
        vec![vec![text("1"), text("a"), text("epsilon")]],
    );
    world.apply(vec![delete, again]).await.unwrap();
    assert!(found(&world, "a", "gamma").await.is_empty());
    assert_eq!(found(&world, "a", "epsilon").await, ["1"]);
    // Not applied, not found.
    let unmet = Write::Require {
        collection: "messages".to_owned(),
        filter: vec![],
        count: 77,
    };
    let words = put(
        "messages",
        &["id", "account", "body"],
        vec![vec![text("3"), text("a"), text("zeta")]],
    );
    assert!(world.apply(vec![words, unmet]).await.is_err());
    assert!(found(&world, "a", "zeta").await.is_empty());
}

#[tokio::test]
async fn a_search_combines_with_other_conditions_order_and_paging() {
    let world = World::new().await;
    world.define(messages()).await;
    let rows = (0..100_u64).map(|number| {
        vec![
            text(&format!("{number:03}")),
            text("a"),
            // Neither the order of the rows nor that of the keys.
            Value::Time(number * 37 % 100),
            text(if number % 3 == 0 {
                "apple pie"
            } else {
                "apple"
            }),
            Value::Boolean(number % 2 == 0),
        ]
    });
    world
        .put(
            "messages",
            &["id", "account", "at", "body", "read"],
            rows.collect(),
        )
        .await;
    let filter = all_of(vec![
        matches("a", "pie"),
        equal("account", text("a")),
        equal("read", Value::Boolean(true)),
        condition("at", Operator::Less, vec![Value::Time(90)]),
    ]);
    let mut expected: Vec<u64> = (0..100)
        .filter(|number| number % 6 == 0)
        .map(|number| number * 37 % 100)
        .filter(|at| *at < 90)
        .collect();
    expected.sort_by(|one, other| other.cmp(one));
    let mut asked = query("messages", filter, vec![descending("at")], 4);
    asked.fields = strings(&["at"]);
    let found: Vec<u64> = world
        .all(&asked)
        .await
        .iter()
        .map(|row| if let Value::Time(at) = row[0] { at } else { 0 })
        .collect();
    assert_eq!(found, expected);
    // Negated, and as one of several conditions.
    let none = all_of(vec![
        not(matches("a", "pie")),
        condition("at", Operator::Less, vec![Value::Time(10)]),
    ]);
    assert_eq!(
        world.count("messages", none).await,
        (0..100).filter(|n| n % 3 != 0 && n * 37 % 100 < 10).count() as u64
    );
    let either = vec![vec![matches("a", "pie"), equal("id", text("001"))]];
    assert_eq!(world.count("messages", either).await, 35);
}

#[tokio::test]
async fn full_text_that_is_added_later_finds_what_was_there() {
    let world = World::new().await;
    let mut plain = messages();
    plain.full_text = None;
    world.define(plain).await;
    let rows = (0..600).map(|number| {
        vec![
            text(&format!("{number:03}")),
            text("a"),
            text(&format!("w{number}")),
            text("body"),
        ]
    });
    world
        .put(
            "messages",
            &["id", "account", "subject", "body"],
            rows.collect(),
        )
        .await;
    let mut subjects = messages();
    subjects.full_text = Some(FullText {
        fields: strings(&["subject"]),
        scope: "account".to_owned(),
    });
    world.define(subjects).await;
    assert_eq!(found(&world, "a", "\"w599\"").await, ["599"]);
    assert!(found(&world, "a", "body").await.is_empty());
    world.define(messages()).await;
    assert_eq!(found(&world, "a", "body w7").await.len(), 11);
    assert_eq!(found(&world, "a", "\"w7\" body").await, ["007"]);
    let mut moved = messages();
    moved.full_text = Some(FullText {
        fields: strings(&["subject"]),
        scope: "id".to_owned(),
    });
    assert!(
        world
            .store
            .collections()
            .define(PLUGIN, &moved)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_long_text_is_found_to_its_end_by_words_phrases_and_beginnings() {
    // More words than PostgreSQL counts places (16,383), and in the second more different ones than its vector holds (1 MiB).
    let places: String = (0..20_000)
        .map(|number| format!("w{} ", number % 50))
        .collect();
    let different: String = (0..120_000)
        .map(|number| format!("word{number:07} "))
        .collect();
    let world = with(&[
        ("short", "a", "other", "early last words"),
        (
            "places",
            "a",
            "title",
            &format!("{places} very last phrase"),
        ),
        (
            "different",
            "a",
            "title",
            &format!("{different} very last phrase"),
        ),
        (
            "elsewhere",
            "b",
            "title",
            &format!("{different} very last phrase"),
        ),
    ])
    .await;
    let both = ["different", "places"];
    assert_eq!(found(&world, "a", "\"very last phrase\"").await, both);
    assert_eq!(found(&world, "a", "\"last very\"").await, [""; 0]);
    assert_eq!(found(&world, "a", "\"very last\" phr").await, both);
    assert_eq!(found(&world, "a", "title phrase").await, both);
    assert_eq!(found(&world, "a", "\"title w0\"").await, [""; 0]);
    assert_eq!(found(&world, "a", "\"w49 w0\"").await, ["places"]);
    assert_eq!(found(&world, "a", "word0119999").await, ["different"]);
    assert_eq!(
        found(&world, "a", "\"word0119999\" word01199").await,
        ["different"]
    );
    assert_eq!(found(&world, "a", "word0120000").await, [""; 0]);
    assert_eq!(found(&world, "a", "\"word00000\"").await, [""; 0]);
    assert_eq!(found(&world, "a", "word00000").await, ["different"]);
    assert_eq!(
        found(&world, "b", "\"very last phrase\"").await,
        ["elsewhere"]
    );
    assert_eq!(
        found(&world, "a", "last").await,
        ["different", "places", "short"]
    );
    // Changed to something short, and back.
    let body = |body: &str| {
        vec![vec![
            text("different"),
            text("a"),
            text("title"),
            text(body),
        ]]
    };
    let fields = ["id", "account", "subject", "body"];
    world.put("messages", &fields, body("short now")).await;
    assert_eq!(found(&world, "a", "word0119999").await, [""; 0]);
    assert_eq!(found(&world, "a", "short").await, ["different"]);
    world.put("messages", &fields, body(&different)).await;
    assert_eq!(found(&world, "a", "short").await, [""; 0]);
    assert_eq!(found(&world, "a", "word0119999").await, ["different"]);
}

/// What a search costs is its own affair, see `collections/search.rs`: whether few rows hold its words or many, all over the order or at one end
/// of it, a page after the other has them all, in order.
#[rstest]
#[case::few("rare", |n| n % 700 == 0)]
#[case::every_third("third", |n| n % 3 == 0)]
#[case::all("every", |_| true)]
#[case::the_oldest("old", |n| n < 2_200)]
#[case::the_newest("young", |n| n >= 4_100)]
#[case::phrase("\"every third\"", |n| n % 3 == 0)]
#[case::two_words("young third", |n| n >= 4_100 && n % 3 == 0)]
#[tokio::test]
async fn however_many_are_found_and_wherever(
    #[case] words: &str,
    #[case] holds: fn(usize) -> bool,
) {
    let world = World::new().await;
    let mut messages = messages();
    // One range of one index, which can be walked.
    messages.fields[2] = required("at", Kind::Time);
    world.define(messages).await;
    let row = |n: usize| {
        let mut body = String::from("every");
        for (word, holds) in [
            (" third", n.is_multiple_of(3)),
            (" rare", n.is_multiple_of(700)),
            (" old", n < 2_200),
            (" young", n >= 4_100),
        ] {
            if holds {
                body.push_str(word);
            }
        }
        vec![
            text(&format!("{n:04}")),
            text("a"),
            Value::Time(n as u64 / 2),
            text(&body),
        ]
    };
    for batch in 0..7 {
        let rows = (batch * 900..(batch + 1) * 900).map(row).collect();
        world
            .put("messages", &["id", "account", "at", "body"], rows)
            .await;
    }
    let mut asked = query(
        "messages",
        all_of(vec![equal("account", text("a")), matches("a", words)]),
        vec![descending("at")],
        90,
    );
    asked.fields = strings(&["id"]);
    let expected: Vec<String> = (0..6_300)
        .rev()
        .filter(|n| holds(*n))
        .map(|n| format!("{n:04}"))
        .collect();
    assert_eq!(world.texts(&asked).await, expected);
    // Newer than some, and a page that ends with the last row.
    asked.filter.push(vec![condition(
        "at",
        Operator::GreaterOrEqual,
        vec![Value::Time(2_000)],
    )]);
    asked.limit = 1_000;
    let newer: Vec<String> = expected
        .into_iter()
        .filter(|id| id >= &"4000".to_owned())
        .collect();
    assert_eq!(world.texts(&asked).await, newer);
}
