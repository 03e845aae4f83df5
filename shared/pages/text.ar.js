// The words that all pages use, in Arabic.

import { pluralOf } from "/assets/plural.js";

const plural = pluralOf("ar");
const ONE_LINE = 24;

/** `صنف واحد`, `صنفان`, `3 أصناف`, `11 صنفًا`, `100 صنف`: one and two need no number. */
export function count(number, [one, two, few, many, other]) {
  return plural(number, { one, two, few: `${number} ${few}`, many: `${number} ${many}`, other: `${number} ${other}` });
}

/** What somebody has typed, or a number with its signs: its own direction does not touch what stands around it. */
export function own(words) {
  return `\u2068${words}\u2069`;
}

/** As [`own`], on one line where it is short: what goes on in the next line would be read in the wrong order. */
function whole(words) {
  return own(words.length > ONE_LINE ? words : words.replaceAll(" ", "\u00a0"));
}

/** `10–15`, in that order. */
export function range(from, to) {
  return `\u2066${from}–${to}\u2069`;
}

export const minutes = (number) => count(number, ["دقيقة واحدة", "دقيقتين", "دقائق", "دقيقة", "دقيقة"]);

export const shared = {
  list: (names) => names.map(own).join("، "),
  row: (parts) => parts.map(whole).join(" · "),
  close: "إغلاق",
  cancel: "إلغاء",
  undo: "تراجع",
  retry: "حاول مرة أخرى",
  dismiss: "إخفاء",
  loading: "جارٍ التحميل…",
  connecting: "جارٍ الاتصال…",
  notLive: (time) => (time === null ? "غير مباشر: لا اتصال بعد" : `غير مباشر منذ ${time}`),
  polling: "يُحدَّث كل بضع ثوانٍ",
  notLiveHint: "قد يكون ما تراه قديمًا.",
  unreachable: "الخادم لا يجيب.",
  tooLong: (over) => `النص أطول من المسموح بمقدار ${count(over, ["حرف واحد", "حرفين", "أحرف", "حرفًا", "حرف"])}: يُرجى اختصاره.`,
  signIn: {
    title: "من هناك؟",
    hint: "لم يسجّل أحد دخوله هنا. اطلب من المدير أن يسمح لهذه الشاشة برمزها:",
    provider: "تسجيل الدخول",
  },
  taking: {
    title: "استقبال الطلبات",
    hint: "يراه الضيوف فورًا.",
    notSet: "لم يصل ذلك. يُرجى المحاولة مرة أخرى.",
    asUsual: "استقبال الطلبات كالمعتاد",
    now: (mode, busy) => ({ paused: "متوقف مؤقتًا", closed: "مغلق" })[mode] ?? (busy ? `ازدحام، ${own(`+${busy}`)} د` : "مفتوح"),
    choice({ mode, for_minutes, busy_minutes: busy }) {
      if (busy) return `ازدحام: ${minutes(busy)} إضافية لمدة ساعة`;
      if (mode === "open") return shared.taking.asUsual;
      return for_minutes ? `توقف لمدة ${minutes(for_minutes)}` : "توقف حتى يعيد أحد الفتح";
    },
    banner(mode, busy, left) {
      const rest = left === null ? "" : `، بقي ${left}`;
      if (mode === "open") return `ازدحام: يُقال للضيوف إن الطلب يتأخر ${minutes(busy)}${rest}.`;
      return mode === "paused" ? `لا نستقبل الطلبات: توقف مؤقت${rest || " حتى يعيد أحد الفتح"}.` : `لا نستقبل الطلبات: مغلق${rest}.`;
    },
  },
  types: { dine_in: "في المطعم", pickup: "استلام", delivery: "توصيل" },
  language: "اللغة",
  byDevice: "مثل الجهاز",
  problems: {
    invalid: "فيه شيء لا يُقبل كما هو.",
    "invalid-line": "فيه شيء لا يُقبل كما هو.",
    "not-found": "لم يعد موجودًا.",
    forbidden: "يمكنك الاطلاع عليه دون تغييره.",
    unauthenticated: "يُرجى تسجيل الدخول أولًا.",
    "version-mismatch": "غيّره شخص آخر في هذه الأثناء. يُرجى النظر إليه من جديد.",
    "unit-in-use": "وحدة القياس مستخدمة: الوصفات والمخزون يعتمدان عليها.",
    "currency-in-use": "توجد أسعار بعملة أخرى.",
    "too-large": "إنه أطول من المسموح.",
    "too-many-requests": "طلبات كثيرة دفعة واحدة. يُرجى المحاولة بعد لحظات.",
    unavailable: "الخادم مشغول أو لا يستطيع الحفظ الآن. يُرجى المحاولة بعد لحظات.",
    sandbox: "ما تراه من الماضي: لا يمكن تغيير شيء.",
    other: (status) => `رفض الخادم ذلك (${status}).`,
  },
  missing: {
    tab: "الصفحة غير موجودة · Comanda",
    title: "لا توجد صفحة كهذه هنا",
    hint: "ربما في العنوان خطأ.",
    start: "إلى البداية",
  },
};
