// The words of the reader, in Arabic. What it reads is in the English of the document.

import { count, own } from "/assets/text.ar.js";

const calls = (number) => count(number, ["نداء واحد", "نداءان", "نداءات", "نداءً", "نداء"]);

export const text = {
  title: "واجهة HTTP",
  skip: "انتقل إلى النداءات",
  home: "Comanda",
  filter: "ترشيح: مسار أو طريقة أو كلمات ( / )",
  found: (shown, all) => (shown === all ? calls(all) : `${shown} من ${calls(all)}`),
  document: "الشيء نفسه كمستند OpenAPI",
  services: "الخدمات",
  schemas: "المخططات",
  parameters: "المعاملات",
  body: "محتوى الطلب",
  answers: "الأجوبة",
  call: "نادِه",
  copy: "نسخ",
  copied: "نُسخ",
  example: "مثال",
  needed: "مطلوب",
  optional: "اختياري",
  fields: (name) => `حقول ${own(name)}`,
  place: { path: "في المسار", query: "في الاستعلام", header: "ترويسة", cookie: "كوكي" },
  headers: "مع",
  listOf: "قائمة من",
  mapOf: "كائن، بالاسم، من",
  orNull: "أو null",
  or: "أو",
  anything: "أي JSON",
  noOther: "لا حقول أخرى.",
  oneOf: "واحد من",
  standard: (value) => `الافتراضي ${own(value)}`,
  matching: "يطابق",
  range: (from, to, unit = "") => `${from === undefined ? "على الأكثر" : to === undefined ? "على الأقل" : "من"} ${[from, to].filter((end) => end !== undefined).join(" إلى ")}${unit && ` ${unit}`}`,
  characters: "حرفًا",
  entries: "عنصرًا",
  away: "لا يمكن قراءة المستند: الخادم لا يجيب.",
};
