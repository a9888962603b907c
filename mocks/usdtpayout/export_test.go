package usdtpayout

// Unseal is for the fuzz test.
var Unseal = unseal
