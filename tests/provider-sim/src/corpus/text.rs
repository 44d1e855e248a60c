//! Sentences in the languages that the mailboxes speak.
//!
//! Text is put together from openings, middles and endings, so that it reads like a message and not like noise, and is sprinkled
//! with invented proper names, so that a full-text index meets a vocabulary with a long tail, as it does in real mail.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::mime::Charset;

/// A language of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "names of languages")]
pub enum Language {
    English,
    German,
    Russian,
    Chinese,
    Japanese,
    Arabic,
    Hebrew,
}

impl Language {
    /// Is it written from right to left?
    pub fn right_to_left(self) -> bool {
        matches!(self, Self::Arabic | Self::Hebrew)
    }

    /// BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Russian => "ru",
            Self::Chinese => "zh-CN",
            Self::Japanese => "ja",
            Self::Arabic => "ar",
            Self::Hebrew => "he",
        }
    }

    /// One of the charsets in which mail of this language is met.
    pub(super) fn charset(self, rng: &mut ChaCha8Rng) -> Charset {
        let legacy = rng.random_ratio(2, 5);
        match self {
            Self::English => Charset::Utf8,
            Self::German if legacy => Charset::Windows1252,
            Self::Russian if legacy => {
                if rng.random() {
                    Charset::Windows1251
                } else {
                    Charset::Koi8R
                }
            }
            Self::Chinese if legacy => Charset::Gb18030,
            Self::Japanese if legacy => Charset::Iso2022Jp,
            Self::Arabic if legacy => Charset::Windows1256,
            Self::Hebrew if legacy => Charset::Windows1255,
            _ => Charset::Utf8,
        }
    }

    fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::Russian => &RUSSIAN,
            Self::Chinese => &CHINESE,
            Self::Japanese => &JAPANESE,
            Self::Arabic => &ARABIC,
            Self::Hebrew => &HEBREW,
        }
    }
}

struct Phrases {
    subjects: &'static [&'static str],
    greetings: &'static [&'static str],
    openings: &'static [&'static str],
    middles: &'static [&'static str],
    endings: &'static [&'static str],
    closings: &'static [&'static str],
    wrote: &'static str,
    gap: &'static str,
}

fn pick(list: &'static [&'static str], rng: &mut ChaCha8Rng) -> &'static str {
    list.choose(rng).copied().unwrap_or_default()
}

/// A subject line.
pub(super) fn subject(language: Language, rng: &mut ChaCha8Rng) -> String {
    let base = pick(language.phrases().subjects, rng);
    if rng.random_ratio(1, 3) {
        format!("{base}: {}", name_of_thing(rng))
    } else if rng.random_ratio(1, 4) {
        format!("{base} {}", rng.random_range(2..400))
    } else {
        base.to_owned()
    }
}

/// One sentence.
pub(super) fn sentence(language: Language, rng: &mut ChaCha8Rng) -> String {
    let p = language.phrases();
    let mut out = String::from(pick(p.openings, rng));
    out.push_str(p.gap);
    out.push_str(pick(p.middles, rng));
    if rng.random_ratio(1, 4) {
        out.push_str(" (");
        out.push_str(&name_of_thing(rng));
        out.push(')');
    }
    out.push_str(p.gap);
    out.push_str(pick(p.endings, rng));
    out
}

/// A paragraph of at least `bytes` bytes of UTF-8.
pub(super) fn paragraph(language: Language, bytes: usize, rng: &mut ChaCha8Rng) -> String {
    let gap = language.phrases().gap;
    let mut out = sentence(language, rng);
    while out.len() < bytes {
        out.push_str(gap);
        out.push_str(&sentence(language, rng));
    }
    out
}

/// Greeting line.
pub(super) fn greeting(language: Language, rng: &mut ChaCha8Rng) -> &'static str {
    pick(language.phrases().greetings, rng)
}

/// Closing line.
pub(super) fn closing(language: Language, rng: &mut ChaCha8Rng) -> &'static str {
    pick(language.phrases().closings, rng)
}

/// What a client puts before a quoted message: "… wrote:".
pub(super) fn wrote(language: Language) -> &'static str {
    language.phrases().wrote
}

/// An invented proper name: a project, a town, a customer.
pub(super) fn name_of_thing(rng: &mut ChaCha8Rng) -> String {
    const START: &[&str] = &[
        "Al", "Bor", "Cal", "Dun", "Eb", "Fal", "Gor", "Hel", "Ir", "Jas", "Kel", "Lor", "Mar",
        "Nor", "Os", "Per", "Quin", "Ros", "Sel", "Tor", "Ul", "Vel", "Wen", "Xan", "Yor", "Zel",
    ];
    const MIDDLE: &[&str] = &[
        "a", "e", "i", "o", "u", "and", "en", "er", "il", "on", "or", "um",
    ];
    const END: &[&str] = &[
        "bach", "brook", "dale", "den", "dor", "field", "gate", "ham", "ia", "lin", "mere", "mond",
        "nis", "port", "rix", "sk", "ton", "tra", "ville", "wick", "zen",
    ];
    let mut out = String::from(pick(START, rng));
    for _ in 0..rng.random_range(0..3) {
        out.push_str(pick(MIDDLE, rng));
    }
    out.push_str(pick(END, rng));
    out
}

static ENGLISH: Phrases = Phrases {
    subjects: &[
        "Budget for next quarter",
        "Trip to the coast",
        "Kitchen renovation",
        "Release plan",
        "Notes from Tuesday",
        "Contract draft",
        "Birthday party",
        "Interview schedule",
        "Broken heating",
        "Photos from the weekend",
        "Slides for the board",
        "Quick question",
        "Supplier offer",
        "Moving to the new office",
        "School meeting",
        "Feedback on your article",
    ],
    greetings: &[
        "Hi all,",
        "Hello,",
        "Dear colleagues,",
        "Hey,",
        "Good morning,",
    ],
    openings: &[
        "I have gone through the numbers and",
        "As we said on the phone,",
        "To be honest,",
        "After yesterday's meeting",
        "Just so you know,",
        "If nobody objects,",
        "From what I can tell,",
        "Before the holidays",
        "The good news is that",
        "According to the supplier",
        "Between you and me,",
        "Since the last delivery",
    ],
    middles: &[
        "the second offer looks better",
        "we should move the date by a week",
        "the plan still has three open points",
        "the customer asked for a shorter version",
        "nobody has booked the room",
        "the printer on the third floor is out of order",
        "the draft needs another pair of eyes",
        "our train leaves at a quarter past nine",
        "the report is almost finished",
        "they promised an answer by Friday",
        "the old server can be switched off",
        "I would rather wait for the invoice",
    ],
    endings: &[
        "and I will send the details tonight.",
        "so please have a look when you find the time.",
        "but we can talk about it tomorrow.",
        "which saves us about twelve percent.",
        "as long as the weather holds.",
        "and that is fine with me.",
        "so tell me what you think.",
        "although it costs a little more.",
        "and Maria agrees.",
        "unless something comes up.",
    ],
    closings: &[
        "Best regards",
        "Cheers",
        "Thanks a lot",
        "See you soon",
        "Kind regards",
    ],
    wrote: "wrote:",
    gap: " ",
};

static GERMAN: Phrases = Phrases {
    subjects: &[
        "Angebot für die Küche",
        "Rückfrage zur Rechnung",
        "Terminverschiebung",
        "Fahrplan nach München",
        "Protokoll der Sitzung",
        "Wärmepumpe im Büro",
        "Übergabe der Schlüssel",
        "Grüße aus Köln",
    ],
    greetings: &[
        "Hallo zusammen,",
        "Sehr geehrte Damen und Herren,",
        "Liebe Kolleginnen und Kollegen,",
        "Guten Morgen,",
    ],
    openings: &[
        "Wie gestern besprochen",
        "Nach Rücksprache mit der Buchhaltung",
        "Ehrlich gesagt",
        "Wenn niemand widerspricht,",
        "Leider",
        "Für die nächste Woche",
        "Zur Sicherheit",
        "Laut dem Lieferanten",
    ],
    middles: &[
        "müssen wir den Termin verschieben",
        "fehlt noch die Unterschrift",
        "ist die Lieferung größer als erwartet",
        "übernimmt Jörg die Prüfung",
        "bleibt das Büro am Freitag geschlossen",
        "brauchen wir einen höheren Zuschuss",
        "liegt der Entwurf auf dem Laufwerk",
    ],
    endings: &[
        "und ich melde mich morgen.",
        "damit alles rechtzeitig fertig wird.",
        "obwohl es etwas teurer ist.",
        "und das ist für mich in Ordnung.",
        "sofern das Wetter hält.",
        "weil die Frist am Montag abläuft.",
    ],
    closings: &["Mit freundlichen Grüßen", "Viele Grüße", "Herzliche Grüße"],
    wrote: "schrieb:",
    gap: " ",
};

static RUSSIAN: Phrases = Phrases {
    subjects: &[
        "Счёт за октябрь",
        "Поездка на дачу",
        "Договор аренды",
        "Вопрос по отчёту",
        "Фотографии с выходных",
        "Перенос встречи",
        "Ремонт на кухне",
        "План на следующий квартал",
        "Билеты на поезд",
    ],
    greetings: &[
        "Здравствуйте!",
        "Добрый день, коллеги!",
        "Привет!",
        "Дорогие друзья,",
    ],
    openings: &[
        "Как договорились вчера,",
        "Честно говоря,",
        "Если никто не против,",
        "По словам поставщика,",
        "К сожалению,",
        "Насколько я понимаю,",
        "Перед праздниками",
        "После совещания",
    ],
    middles: &[
        "нам нужно перенести срок на неделю",
        "второе предложение выглядит лучше",
        "в договоре не хватает подписи",
        "отчёт почти готов",
        "принтер на третьем этаже снова сломался",
        "поезд отправляется в четверть десятого",
        "заказчик попросил короткую версию",
        "старый сервер можно выключить",
    ],
    endings: &[
        "и подробности я пришлю вечером.",
        "поэтому посмотрите, когда будет время.",
        "но обсудим это завтра.",
        "хотя это немного дороже.",
        "и Мария согласна.",
        "если погода не подведёт.",
        "так что жду вашего ответа.",
    ],
    closings: &["С уважением", "Всего доброго", "До встречи", "Спасибо"],
    wrote: "пишет:",
    gap: " ",
};

static CHINESE: Phrases = Phrases {
    subjects: &[
        "下季度预算",
        "周末的照片",
        "合同草案",
        "会议纪要",
        "新办公室搬迁",
        "关于发票的问题",
        "项目进度报告",
        "生日聚会",
    ],
    greetings: &["大家好,", "您好,", "各位同事,", "早上好,"],
    openings: &[
        "正如昨天电话里所说,",
        "说实话,",
        "如果没有人反对,",
        "据供应商介绍,",
        "在假期之前,",
        "开完会以后,",
        "顺便说一句,",
    ],
    middles: &[
        "第二个方案看起来更好",
        "我们应该把日期推迟一周",
        "报告差不多写完了",
        "三楼的打印机坏了",
        "客户希望得到一个简短的版本",
        "合同还缺一个签名",
        "旧服务器可以关掉了",
        "火车九点一刻出发",
    ],
    endings: &[
        ",详细情况我今晚发给你们。",
        ",有空的时候请看一下。",
        ",不过我们明天可以再谈。",
        ",虽然价格稍微高一点。",
        ",我没有意见。",
        ",请告诉我你的想法。",
    ],
    closings: &["此致敬礼", "祝好", "谢谢", "期待回复"],
    wrote: "写道:",
    gap: "",
};

static JAPANESE: Phrases = Phrases {
    subjects: &[
        "来期の予算について",
        "会議の議事録",
        "週末の写真",
        "契約書の確認",
        "引っ越しのお知らせ",
        "請求書の件",
        "日程の変更",
    ],
    greetings: &[
        "皆様、",
        "お世話になっております。",
        "おはようございます。",
        "こんにちは、",
    ],
    openings: &[
        "昨日お電話でお話ししたとおり、",
        "正直に言うと、",
        "特に異議がなければ、",
        "業者によると、",
        "休みの前に、",
        "会議のあとで、",
    ],
    middles: &[
        "二番目の案のほうが良さそうです",
        "日程を一週間ずらしたほうがよいと思います",
        "報告書はほとんど完成しています",
        "三階のプリンターが故障しています",
        "お客様は短い資料を希望しています",
        "契約書に署名が足りません",
    ],
    endings: &[
        "。詳細は今晩お送りします。",
        "。お時間のあるときにご覧ください。",
        "。明日また相談しましょう。",
        "。少し高くなりますが、問題ありません。",
        "。ご意見をお聞かせください。",
    ],
    closings: &[
        "よろしくお願いいたします。",
        "敬具",
        "ありがとうございます。",
    ],
    wrote: "のメッセージ:",
    gap: "",
};

static ARABIC: Phrases = Phrases {
    subjects: &[
        "ميزانية الربع القادم",
        "صور نهاية الأسبوع",
        "مسودة العقد",
        "محضر الاجتماع",
        "سؤال عن الفاتورة",
        "موعد جديد",
    ],
    greetings: &["السلام عليكم،", "مرحبا،", "الزملاء الأعزاء،", "صباح الخير،"],
    openings: &[
        "كما قلنا أمس،",
        "بصراحة،",
        "إذا لم يعترض أحد،",
        "حسب كلام المورد،",
        "قبل العطلة",
        "بعد الاجتماع",
    ],
    middles: &[
        "يبدو العرض الثاني أفضل",
        "يجب أن نؤجل الموعد أسبوعا",
        "التقرير شبه جاهز",
        "الطابعة في الطابق الثالث معطلة",
        "طلب الزبون نسخة أقصر",
        "العقد ينقصه توقيع",
    ],
    endings: &[
        "وسأرسل التفاصيل الليلة.",
        "لذلك ألقوا نظرة عندما تجدون الوقت.",
        "لكن يمكننا الحديث غدا.",
        "مع أنه أغلى قليلا.",
        "وأنا موافق.",
    ],
    closings: &["مع خالص التحية", "شكرا جزيلا", "إلى اللقاء"],
    wrote: "كتب:",
    gap: " ",
};

static HEBREW: Phrases = Phrases {
    subjects: &[
        "תקציב לרבעון הבא",
        "תמונות מסוף השבוע",
        "טיוטת חוזה",
        "סיכום הפגישה",
        "שאלה על החשבונית",
        "מועד חדש",
    ],
    greetings: &["שלום לכולם,", "שלום,", "עמיתים יקרים,", "בוקר טוב,"],
    openings: &[
        "כמו שאמרנו אתמול,",
        "האמת היא ש",
        "אם אף אחד לא מתנגד,",
        "לפי הספק,",
        "לפני החגים",
        "אחרי הישיבה",
    ],
    middles: &[
        "ההצעה השנייה נראית טובה יותר",
        "כדאי לדחות את המועד בשבוע",
        "הדוח כמעט מוכן",
        "המדפסת בקומה השלישית מקולקלת",
        "הלקוח ביקש גרסה קצרה",
        "חסרה חתימה בחוזה",
    ],
    endings: &[
        "ואשלח את הפרטים הערב.",
        "אז תסתכלו כשיהיה לכם זמן.",
        "אבל נוכל לדבר על זה מחר.",
        "למרות שזה קצת יקר.",
        "וזה בסדר מבחינתי.",
    ],
    closings: &["בברכה", "תודה רבה", "להתראות"],
    wrote: "כתב:",
    gap: " ",
};
