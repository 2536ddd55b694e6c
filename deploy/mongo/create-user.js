// Run once, by the image, when the database is empty: the hub's own user, who may do nothing elsewhere.
db.getSiblingDB("navswap").createUser({
  user: "navswap",
  pwd: process.env.MONGO_PASSWORD,
  roles: [{ role: "dbOwner", db: "navswap" }],
});
