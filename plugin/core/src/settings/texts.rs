//! What people read of the plugin itself, in English, Russian and Chinese.

/// A language that there are texts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "languages")]
pub enum Locale {
    English,
    Russian,
    Chinese,
}

impl Locale {
    /// `ru`, `ru-RU`, `zh_CN` …; English for what there are no texts in.
    pub fn of(tag: &str) -> Self {
        match tag.split(['-', '_']).next().unwrap_or_default() {
            "ru" => Self::Russian,
            "zh" => Self::Chinese,
            _ => Self::English,
        }
    }

    /// That of a person of the host.
    pub fn of_user(platform: &impl crate::platform::Users, user: &str) -> Self {
        platform
            .user(user)
            .map_or(Self::English, |user| Self::of(&user.locale))
    }

    fn pick(self, [english, russian, chinese]: [&str; 3]) -> &str {
        match self {
            Self::English => english,
            Self::Russian => russian,
            Self::Chinese => chinese,
        }
    }
}

/// What to do about a shared mailbox, by its address, that is closed to a person.
pub fn no_access(mailbox: &str, locale: Locale) -> String {
    let text = Text::NoAccess.in_locale(locale);
    text.replace("{mailbox}", mailbox)
}

macro_rules! texts {
    ($($name:ident: $english:literal, $russian:literal, $chinese:literal;)*) => {
        /// One text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the texts are their own description")]
        pub enum Text { $($name,)* }

        impl Text {
            /// In this language.
            pub fn in_locale(self, locale: Locale) -> String {
                let texts = match self { $(Self::$name => [$english, $russian, $chinese],)* };
                locale.pick(texts).to_owned()
            }
        }
    };
}

texts! {
    Google: "Google", "Google", "Google";
    GoogleHelp:
        "In Google Cloud: enable the Gmail API, set up the consent screen, then create an OAuth client of type \"Web application\" with the redirect URI below.",
        "В Google Cloud: включите Gmail API, настройте экран согласия и создайте клиент OAuth типа «Веб-приложение» с адресом перенаправления, указанным ниже.",
        "在 Google Cloud 中启用 Gmail API，配置同意屏幕，然后创建“Web 应用”类型的 OAuth 客户端，并填入下方的重定向 URI。";
    Microsoft: "Microsoft", "Microsoft", "Microsoft";
    MicrosoftHelp:
        "In Microsoft Entra: register an application with the redirect URI below (platform \"Web\"), then create a client secret and copy its value.",
        "В Microsoft Entra: зарегистрируйте приложение с адресом перенаправления, указанным ниже (платформа «Веб»), создайте секрет клиента и скопируйте его значение.",
        "在 Microsoft Entra 中注册应用（平台选择“Web”），填入下方的重定向 URI，然后创建客户端密码并复制其值。";
    Sync: "Synchronisation", "Синхронизация", "同步";
    SyncHelp: "For all accounts.", "Для всех почтовых ящиков.", "适用于所有邮箱账户。";
    ClientId: "Client ID", "Идентификатор клиента", "客户端 ID";
    ClientSecret: "Client secret", "Секрет клиента", "客户端密码";
    ClientSecretHelp: "Stored encrypted, never shown again.", "Хранится в зашифрованном виде и больше не показывается.", "加密存储，之后不再显示。";
    RedirectUri: "Redirect URI", "Адрес перенаправления", "重定向 URI";
    RedirectUriHelp: "Register exactly this address at the provider.", "Зарегистрируйте у провайдера в точности этот адрес.", "请在服务商处登记与此完全一致的地址。";
    Access: "Access", "Доступ", "权限";
    AccessHelp: "What people are asked to consent to.", "На что пользователи дают согласие.", "用户需要授予的权限。";
    AccessFull: "Read, organise and send", "Чтение, изменение и отправка", "读取、整理和发送";
    AccessSend: "Read and send", "Чтение и отправка", "读取和发送";
    AccessRead: "Read only", "Только чтение", "只读";
    AllowDelete: "Allow deleting for ever", "Разрешить удаление навсегда", "允许永久删除";
    AllowDeleteHelp:
        "Otherwise mail can only be moved to the trash. At Google this asks for full rights to the mailbox.",
        "Иначе письма можно только переместить в корзину. У Google для этого запрашиваются полные права на ящик.",
        "否则邮件只能移至回收站。在 Google 中，这需要邮箱的完全权限。";
    Tenant: "Tenant", "Клиент (tenant)", "租户";
    TenantHelp:
        "common (everybody), organizations, consumers, or your tenant's ID or domain.",
        "common (все), organizations, consumers либо идентификатор или домен вашей организации.",
        "common（所有人）、organizations、consumers，或贵组织的租户 ID 或域名。";
    Cloud: "Cloud", "Облако", "云";
    CloudGlobal: "Global", "Глобальное", "全球";
    CloudUsGovernment: "US Government (GCC High)", "Правительство США (GCC High)", "美国政府 (GCC High)";
    CloudUsDefense: "US Department of Defense", "Министерство обороны США", "美国国防部";
    CloudChina: "China (21Vianet)", "Китай (21Vianet)", "中国（世纪互联）";
    SecretExpires: "Secret expires on", "Секрет действует до", "密码到期日";
    SecretExpiresHelp:
        "As year-month-day, such as 2027-03-31; you are warned a month before. Empty: it does not expire, or you don't know.",
        "В виде год-месяц-день, например 2027-03-31; предупреждение появится за месяц. Пусто — бессрочный или срок неизвестен.",
        "格式为 年-月-日，例如 2027-03-31；到期前一个月会提醒。留空表示不过期或未知。";
    Publishing: "Publishing status", "Статус публикации", "发布状态";
    PublishingHelp:
        "As it stands in Google Cloud under OAuth consent screen → Audience.",
        "Как указано в Google Cloud: экран согласия OAuth → Аудитория.",
        "与 Google Cloud 中“OAuth 同意屏幕 → 目标对象”的设置一致。";
    PublishingTesting: "In testing", "Тестирование", "测试中";
    PublishingProduction: "In production", "Опубликовано", "已发布";
    PublishingInternal: "Internal to a Workspace", "Только для организации Workspace", "仅限 Workspace 内部";
    AdminConsent: "Admin consent was granted", "Согласие администратора дано", "已授予管理员同意";
    AdminConsentHelp:
        "Many organisations let only their administrator approve access to mail.",
        "Во многих организациях доступ к почте может одобрить только администратор.",
        "许多组织只允许管理员批准邮件访问权限。";
    PushTopic: "Pub/Sub topic", "Тема Pub/Sub", "Pub/Sub 主题";
    PushTopicHelp:
        "For push: projects/…/topics/…, to which gmail-api-push@system.gserviceaccount.com may publish, with a subscription that posts to the push address, signed.",
        "Для push: projects/…/topics/…, куда может публиковать gmail-api-push@system.gserviceaccount.com, с подписанной подпиской на адрес уведомлений.",
        "用于推送：projects/…/topics/…，允许 gmail-api-push@system.gserviceaccount.com 发布，并有一个向推送地址投递签名消息的订阅。";
    PushAccount: "Service account of the subscription", "Сервисный аккаунт подписки", "订阅的服务账号";
    PushAccountHelp:
        "What Pub/Sub posts is believed only if it is signed for this address.",
        "Сообщениям Pub/Sub можно верить, только если они подписаны от этого адреса.",
        "只有以此地址签名的 Pub/Sub 消息才会被信任。";
    ProblemTopic: "Not a topic such as projects/mine/topics/mail.", "Это не тема вида projects/mine/topics/mail.", "不是有效的主题，例如 projects/mine/topics/mail。";
    Units: "Gmail quota units per person and minute", "Единиц квоты Gmail на человека в минуту", "每人每分钟的 Gmail 配额单位";
    UnitsHelp:
        "As it stands in Google Cloud under Gmail API → Quotas: 6,000 for new projects, 15,000 for those made before May 2026. Mail is fetched within it.",
        "Как указано в Google Cloud: Gmail API → Квоты. 6000 у новых проектов, 15 000 у созданных до мая 2026 года. Почта загружается в этих пределах.",
        "与 Google Cloud 中“Gmail API → 配额”的数值一致：新项目为 6,000，2026 年 5 月之前创建的项目为 15,000。邮件按此额度获取。";
    ProjectUnits: "Gmail quota units of the whole project per minute", "Единиц квоты Gmail на весь проект в минуту", "整个项目每分钟的 Gmail 配额单位";
    ProjectUnitsHelp:
        "Shared by everybody who is linked here: 1,200,000 unless Google has raised it. Another application of the same project takes from it, too.",
        "Общая для всех подключённых: 1 200 000, если Google её не увеличил. Из неё расходуют и другие приложения того же проекта.",
        "由此处关联的所有人共享：除非 Google 已提高，否则为 1,200,000。同一项目的其他应用也占用此额度。";
    EndpointAuthorize: "Authorize URL", "Адрес авторизации", "授权地址";
    EndpointToken: "Token URL", "Адрес выдачи токенов", "令牌地址";
    EndpointRevoke: "Revoke URL", "Адрес отзыва", "撤销地址";
    EndpointUserinfo: "User info URL", "Адрес сведений о пользователе", "用户信息地址";
    EndpointKeys: "Keys URL (JWKS)", "Адрес ключей (JWKS)", "密钥地址 (JWKS)";
    EndpointGmail: "Gmail API URL", "Адрес Gmail API", "Gmail API 地址";
    EndpointBatch: "Gmail batch path", "Путь пакетных запросов Gmail", "Gmail 批处理路径";
    EndpointAuthority: "Authority URL", "Адрес центра авторизации", "授权机构地址";
    EndpointGraph: "Graph URL", "Адрес Graph", "Graph 地址";
    Push: "Let providers tell of new mail (push)", "Уведомления провайдеров о новой почте (push)", "由服务商推送新邮件通知 (push)";
    PushHelp:
        "Instead of only looking for it. The addresses below are then registered with the providers.",
        "Вместо одной лишь проверки. Адреса ниже тогда регистрируются у провайдеров.",
        "而不仅仅是定时检查。届时将向服务商登记下方地址。";
    PushGoogle: "Push address for Google", "Адрес уведомлений для Google", "Google 推送地址";
    PushMicrosoft: "Push address for Microsoft", "Адрес уведомлений для Microsoft", "Microsoft 推送地址";
    PushAddressHelp: "Must be reachable from the internet over https.", "Должен быть доступен из интернета по https.", "必须能通过 https 从互联网访问。";
    ProblemDate: "Not a date such as 2027-03-31.", "Это не дата вида 2027-03-31.", "不是有效的日期，例如 2027-03-31。";
    NoticeSetUp:
        "Not set up yet: nobody can link an account of this provider.",
        "Ещё не настроено: подключить ящик этого провайдера нельзя.",
        "尚未配置：无法关联此服务商的账户。";
    NoticeExpired:
        "The client secret has expired. Nobody's mail is synchronised until you create a new one at the provider and save it here. It expired on",
        "Секрет клиента истёк. Почта не синхронизируется, пока вы не создадите у провайдера новый и не сохраните его здесь. Истёк",
        "客户端密码已过期。在服务商处创建新密码并保存到此处之前，邮件不会同步。过期日期：";
    NoticeExpires:
        "The client secret is about to expire. Create a new one at the provider and save it here before",
        "Секрет клиента скоро истечёт. Создайте у провайдера новый и сохраните его здесь до",
        "客户端密码即将过期。请在此日期之前在服务商处创建新密码并保存到此处：";
    NoticeNoDate:
        "Client secrets of Microsoft expire. Fill in the date, so that you are warned in time.",
        "Секреты клиента Microsoft имеют срок действия. Укажите дату, чтобы получить предупреждение вовремя.",
        "Microsoft 的客户端密码会过期。请填写到期日，以便及时收到提醒。";
    NoticeTesting:
        "While the app is in testing, only listed test users can link, and they must link again every seven days. Publish it, or make it internal, in Google Cloud.",
        "Пока приложение в режиме тестирования, подключаться могут только указанные тестовые пользователи, и каждые семь дней это нужно делать заново. Опубликуйте приложение или сделайте его внутренним в Google Cloud.",
        "应用处于测试状态时，只有列出的测试用户可以关联，且每七天必须重新关联。请在 Google Cloud 中发布应用或将其设为内部应用。";
    NoticeConsent:
        "Where only an administrator may approve access to mail, open this address as one, then switch on \"Admin consent was granted\":",
        "Если доступ к почте может одобрить только администратор, откройте под его учётной записью этот адрес и затем включите «Согласие администратора дано»:",
        "如果只有管理员可以批准邮件访问权限，请以管理员身份打开此地址，然后启用“已授予管理员同意”：";
    NoticeDelete:
        "Deleting for ever asks people for full rights to their mailbox. Google shows a stronger warning then and verifies the app more strictly.",
        "Для удаления навсегда у пользователей запрашиваются полные права на ящик. Google тогда показывает более строгое предупреждение и строже проверяет приложение.",
        "永久删除需要用户授予邮箱的完全权限。Google 会显示更严格的警告，并对应用进行更严格的审核。";
    NoticePush:
        "Providers tell of new mail only to an address that they reach over https; this host's is none. Mail is looked for at the interval above.",
        "Провайдеры сообщают о новой почте только на адрес, доступный им по https; у этого узла такого нет. Почта проверяется с интервалом, указанным выше.",
        "服务商只会向可通过 https 访问的地址推送新邮件通知，而本主机没有这样的地址。将按上述间隔检查邮件。";
    EndpointHelp:
        "Only for a proxy or a test double; empty: the provider's own.",
        "Только для прокси или тестового сервера; пусто — адрес провайдера.",
        "仅用于代理或测试服务器；留空则使用服务商的地址。";
    Interval: "Look for changes every (minutes)", "Проверять изменения каждые (минут)", "检查更改的间隔（分钟）";
    Backfill: "New accounts start this many days back", "Новые ящики загружаются за столько дней", "新账户同步最近多少天的邮件";
    BackfillHelp: "0: from the beginning.", "0 — с самого начала.", "0 表示从头开始。";
    Domains: "Allowed domains", "Разрешённые домены", "允许的域名";
    DomainsHelp:
        "Only addresses of these domains can be linked, separated by commas; empty: all.",
        "Подключать можно только адреса этих доменов, через запятую; пусто — любые.",
        "只能关联这些域名的地址，用逗号分隔；留空则不限制。";
    ProblemRequired: "Fill this in.", "Заполните это поле.", "请填写此项。";
    ProblemSpaces: "There must be no spaces in it.", "Не должно содержать пробелов.", "不能包含空格。";
    ProblemUrl: "Not an address such as https://example.com.", "Это не адрес вида https://example.com.", "不是有效的地址，例如 https://example.com。";
    ProblemHttps: "Must begin with https:// (http:// only on this machine).", "Должно начинаться с https:// (http:// — только на этом компьютере).", "必须以 https:// 开头（仅本机可用 http://）。";
    ProblemPath: "Not a path such as /batch.", "Это не путь вида /batch.", "不是有效的路径，例如 /batch。";
    ProblemTenant: "Not common, organizations, consumers, an ID or a domain.", "Не common, organizations, consumers, идентификатор или домен.", "不是 common、organizations、consumers、ID 或域名。";
    ProblemChoice: "Choose one of the offered values.", "Выберите одно из предложенных значений.", "请选择提供的选项之一。";
    ProblemRange: "Out of range.", "Вне допустимого диапазона.", "超出范围。";
    ProblemDomain: "Not a domain such as example.com.", "Это не домен вида example.com.", "不是有效的域名，例如 example.com。";
    ProblemType: "Not the kind of value that belongs here.", "Значение не того типа.", "值的类型不正确。";
    ProblemReadOnly: "Can't be changed here.", "Здесь изменить нельзя.", "此处无法更改。";
    ProblemUnknown: "There is no such field.", "Такого поля нет.", "没有此字段。";
    ForwardedHead: "---------- Forwarded message ---------", "---------- Пересылаемое сообщение ---------", "---------- 转发的邮件 ---------";
    ForwardedFrom: "From:", "От:", "发件人：";
    ForwardedDate: "Date:", "Дата:", "日期：";
    ForwardedSubject: "Subject:", "Тема:", "主题：";
    ForwardedTo: "To:", "Кому:", "收件人：";
    ForwardedCc: "Cc:", "Копия:", "抄送：";
    FolderStarred: "Starred", "Помеченные", "已加星标";
    FolderEverything: "All mail", "Вся почта", "所有邮件";
    Unlinked: "This account is unlinked; its mail is kept.", "Ящик отключён, его письма сохранены.", "此账户已取消关联，邮件已保留。";
    ConsentLacks: "The consent does not include", "Согласие не включает", "授权中不包含";
    NoAccess:
        "You have no access to the shared mailbox {mailbox}. Check the address, and ask the Microsoft 365 administrator of your organisation for full access to it: Exchange admin center → Mailboxes → Delegation → Read and manage.",
        "У вас нет доступа к общему ящику {mailbox}. Проверьте адрес и попросите администратора Microsoft 365 вашей организации дать полный доступ: центр администрирования Exchange → Почтовые ящики → Делегирование → Чтение и управление.",
        "您无权访问共享邮箱 {mailbox}。请检查地址，并请贵组织的 Microsoft 365 管理员授予完全访问权限：Exchange 管理中心 → 邮箱 → 委派 → 读取和管理。";
    SharedNowhere: "Only Microsoft has shared mailboxes.", "Общие ящики есть только у Microsoft.", "只有 Microsoft 提供共享邮箱。";
    SharedAddress: "Not an address such as team@example.com.", "Это не адрес вида team@example.com.", "不是有效的地址，例如 team@example.com。";
    SharedOwn:
        "This is your own mailbox: leave the shared mailbox empty to link it.",
        "Это ваш собственный ящик: чтобы подключить его, оставьте поле общего ящика пустым.",
        "这是您自己的邮箱：如要关联，请将共享邮箱留空。";
    HintShared:
        "Another account here belongs to the same person, so Google was not asked to end the grant.",
        "Здесь есть ещё один ящик того же владельца, поэтому доступ у Google не отзывался.",
        "此处还有同一用户的其他账户，因此没有请求 Google 终止授权。";
    HintGoogle:
        "Google could not be asked to end the grant; remove it at https://myaccount.google.com/connections.",
        "Не удалось отозвать доступ у Google; удалите его на странице https://myaccount.google.com/connections.",
        "无法请求 Google 终止授权；请在 https://myaccount.google.com/connections 中移除。";
    HintMicrosoft:
        "Microsoft has no way to revoke a grant from here; remove it at https://myapps.microsoft.com (work or school) or https://account.live.com/consent/Manage (personal).",
        "У Microsoft доступ нельзя отозвать отсюда; удалите его на https://myapps.microsoft.com (рабочая или учебная запись) или https://account.live.com/consent/Manage (личная).",
        "Microsoft 不支持从此处撤销授权；请在 https://myapps.microsoft.com（工作或学校账户）或 https://account.live.com/consent/Manage（个人账户）中移除。";
    StepNetwork: "The provider can be reached", "Провайдер доступен", "可以连接到服务商";
    StepClient: "The provider knows the client ID", "Провайдер знает идентификатор клиента", "服务商认可客户端 ID";
    StepSecret: "The client secret is accepted", "Секрет клиента принят", "客户端密码有效";
    StepRedirect: "The redirect URI is registered", "Адрес перенаправления зарегистрирован", "重定向 URI 已登记";
    StepApi: "The mail API answers", "Почтовый API отвечает", "邮件 API 有响应";
    FixFill: "Fill in client ID and client secret, and save.", "Заполните идентификатор и секрет клиента и сохраните.", "请填写客户端 ID 和客户端密码并保存。";
    FixGrant:
        "Grant the plugin access to this address in the plugin manager:",
        "Разрешите плагину доступ к этому адресу в менеджере плагинов:",
        "请在插件管理器中允许插件访问此地址：";
    FixNetwork: "Check that this host may reach the provider:", "Проверьте, что этому серверу доступен провайдер:", "请检查本机能否访问服务商：";
    FixClient:
        "Copy the client ID from the provider's console again; the provider does not know this one.",
        "Скопируйте идентификатор клиента из консоли провайдера ещё раз: этот провайдеру неизвестен.",
        "请从服务商控制台重新复制客户端 ID；服务商不认可当前的 ID。";
    FixSecret:
        "Create a new client secret at the provider and save it here; this one is wrong or has expired.",
        "Создайте у провайдера новый секрет клиента и сохраните его здесь: этот неверен или истёк.",
        "请在服务商处创建新的客户端密码并保存；当前密码错误或已过期。";
    FixRedirect:
        "Register exactly this redirect URI at the provider:",
        "Зарегистрируйте у провайдера в точности этот адрес перенаправления:",
        "请在服务商处登记与此完全一致的重定向 URI：";
    FixApi:
        "Check the API address in the advanced fields; it answered:",
        "Проверьте адрес API в дополнительных полях; получен ответ:",
        "请检查高级字段中的 API 地址；返回：";
    NoteSkipped: "Settle the step above first.", "Сначала устраните проблему выше.", "请先解决上面的问题。";
    NoteUnclear: "Can't be told without a sign-in; the first linked account will show.", "Без входа узнать нельзя; покажет первый подключённый ящик.", "未登录时无法确定；首次关联账户时即可知晓。";
    NoteApi:
        "Whether the API is enabled for this project shows when the first account is linked.",
        "Включён ли API для этого проекта, покажет первый подключённый ящик.",
        "该项目是否已启用 API，将在首次关联账户时显示。";
}
