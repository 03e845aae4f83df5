// Every English text of the start page.

export const text = {
  title: "Comanda",
  motto: "Orders come in, stock is set aside, the kitchen cooks, the guest is told.",
  pages: "Pages",
  order: "Order",
  orderHint: "The menu for guests, and following an order",
  kitchen: "Kitchen",
  kitchenHint: "Every ticket at once, for cooks",
  stock: "Stock",
  stockHint: "On hand, recipes, what is sold out",
  console: "Look into it",
  consoleHint: "For developers: events live, an order's trace, what failed",
  docs: "HTTP interface",
  docsHint: "For developers: every call, with an example",
  asking: "Asking how everything is…",
  healthy: "Everything is healthy",
  unhealthy: "Not everything is healthy",
  away: (time) => (time ? `No answer since ${time}` : "No answer"),
  ok: "healthy",
  services: { "order-svc": "Orders", "kitchen-svc": "Kitchen", "inventory-svc": "Stock" },
};
