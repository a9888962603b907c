package dinaricash_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cardIDs are what LIST_CARDS has.
func (s *shop) cardIDs() []string {
	s.t.Helper()
	var all struct {
		Data struct {
			Cards []string `json:"LIST_CARDS"`
		} `json:"data"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.accepted("manage_cards", s.form("manage_cards")).body), &all))
	return all.Data.Cards
}

// A recipient is known by RECIPIENT_ACCOUNT_ID, else by e-mail in any case, and
// has one card, which is reloaded.
func TestLoadsGoToTheRecipientsCard(t *testing.T) {
	t.Parallel()
	const same, other = true, false
	tests := []struct {
		name        string
		email       string
		withAccount bool
		to          bool
	}{
		{"SameEmail", "ssmith@example.com", false, same},
		{"OtherCase", "SSmith@EXAMPLE.com", false, same},
		{"OtherEmail", "jsmith@example.com", false, other},
		{"AccountAndEmail", "ssmith@example.com", true, same},
		{"AccountAndOtherCase", "SSMITH@example.COM", true, same},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			first := s.accepted("card_load", s.form("card_load"))
			f := s.form("card_load").with("RECIPIENT_EMAILADDRESS", tt.email, "RECIPIENT_FULL_NAME", "Somebody Else", "SEND_AMOUNT", "20.50")
			if tt.withAccount {
				f = f.with("RECIPIENT_ACCOUNT_ID", first.data(t, "RECIPIENT_ACCOUNT_ID"))
			}
			second := s.accepted("card_load", f)
			assert.NotEqual(t, first.data(t, "TRANSACTION_ID"), second.data(t, "TRANSACTION_ID"))
			if !tt.to {
				assert.NotEqual(t, first.data(t, "CARD_ACCOUNT_ID"), second.data(t, "CARD_ACCOUNT_ID"))
				assert.NotEqual(t, first.data(t, "RECIPIENT_ACCOUNT_ID"), second.data(t, "RECIPIENT_ACCOUNT_ID"))
				assert.Equal(t, []string{first.data(t, "CARD_ACCOUNT_ID"), second.data(t, "CARD_ACCOUNT_ID")}, s.cardIDs())
				s.holds(first.data(t, "CARD_ACCOUNT_ID"), "ACTIVE", "300.00")
				s.holds(second.data(t, "CARD_ACCOUNT_ID"), "ACTIVE", "20.50")
				return
			}
			for _, key := range []string{"RECIPIENT_ACCOUNT_ID", "CARD_ACCOUNT_ID", "RECIPIENT_CARD_NUMBER", "RECIPIENT_CARD_EXPIRATION_DATE"} {
				assert.Equal(t, first.data(t, key), second.data(t, key), key)
			}
			assert.Len(t, s.cardIDs(), 1)
			s.holds(first.data(t, "CARD_ACCOUNT_ID"), "ACTIVE", "320.50")
			s.sound()
		})
	}
}

// A RECIPIENT_ACCOUNT_ID that is unknown, or of somebody else, is refused.
func TestRecipientMustBeTheRightOne(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	ours := s.accepted("card_load", s.form("card_load"))
	theirs := s.accepted("card_load", s.form("card_load").with("RECIPIENT_EMAILADDRESS", "other@example.com"))
	tests := []struct{ name, account, email string }{
		{"Unknown", unknownID, "ssmith@example.com"},
		{"UnknownWithNewEmail", unknownID, "new@example.com"},
		{"OfAnotherEmail", theirs.data(t, "RECIPIENT_ACCOUNT_ID"), "ssmith@example.com"},
		{"OfANewEmail", ours.data(t, "RECIPIENT_ACCOUNT_ID"), "new@example.com"},
		{"CardInstead", ours.data(t, "CARD_ACCOUNT_ID"), "ssmith@example.com"},
		{"Account", s.account, "ssmith@example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			a := s.call("card_load", s.form("card_load").with("RECIPIENT_ACCOUNT_ID", tt.account, "RECIPIENT_EMAILADDRESS", tt.email))
			assert.Equal(t, 400, a.status)
			assert.Equal(t, "Invalid RECIPIENT_ACCOUNT_ID", a.data(t, "GATEWAY_MESSAGE"))
			assert.Empty(t, a.data(t, "TRANSACTION_ID"))
			for _, key := range []string{"RECIPIENT_ACCOUNT_ID", "CARD_ACCOUNT_ID", "RECIPIENT_CARD_NUMBER", "RECIPIENT_CARD_CVV"} {
				assert.Empty(t, a.data(t, key), key)
			}
		})
	}
	assert.Len(t, s.cardIDs(), 2)
	assert.Len(t, s.list(), 2)
	s.has("49486.1", "397.25", "99990")
}

// A card of each state takes each action, or refuses it.
func TestActionsOnCards(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, action string
		to           string // "" where it is refused
		told         bool
	}{
		{"ACTIVE", "GET_CARD_LIST", "ACTIVE", false},
		{"ACTIVE", "GET_CARD_DETAILS", "ACTIVE", false},
		{"ACTIVE", "PAUSE_CARD", "PAUSED", true},
		{"ACTIVE", "UNPAUSE_CARD", "ACTIVE", false},
		{"ACTIVE", "CANCEL_CARD", "CANCELED", true},
		{"PAUSED", "GET_CARD_LIST", "PAUSED", false},
		{"PAUSED", "GET_CARD_DETAILS", "PAUSED", false},
		{"PAUSED", "PAUSE_CARD", "PAUSED", false},
		{"PAUSED", "UNPAUSE_CARD", "ACTIVE", true},
		{"PAUSED", "CANCEL_CARD", "CANCELED", true},
		{"CANCELED", "GET_CARD_LIST", "CANCELED", false},
		{"CANCELED", "GET_CARD_DETAILS", "CANCELED", false},
		{"CANCELED", "PAUSE_CARD", "", false},
		{"CANCELED", "UNPAUSE_CARD", "", false},
		{"CANCELED", "CANCEL_CARD", "CANCELED", false},
	}
	begin := map[string]string{"PAUSED": "PAUSE_CARD", "CANCELED": "CANCEL_CARD"}
	for _, tt := range tests {
		t.Run(tt.from+"/"+tt.action, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			card := s.loaded("ssmith@example.com", "300")
			if action := begin[tt.from]; action != "" {
				require.Equal(t, 200, s.manage(action, card).status)
			}
			before := s.told()
			a := s.manage(tt.action, card)
			if tt.to == "" {
				f := s.form("manage_cards").with("SERVICE_ACTION", tt.action, "CARD_ACCOUNT_ID", card)
				s.refused(a, "manage_cards", f, canceledCard, 400)
				s.holds(card, tt.from, "0.00")
				assert.Equal(t, before, s.told())
				return
			}
			balance := map[bool]string{false: "300.00", true: "0.00"}[tt.to == "CANCELED"]
			assert.Equal(t, fmt.Sprintf(`{"status":"success","message":"Transaction processed successfully.","data":{"GATEWAY_DATETIME":"2025-01-08 12:34:56","CARD_ACCOUNT_ID":%q,"CARD_DATETIME_CREATED":"2025-01-08 12:34:56","CARD_CURRENCY_ISO3":"USD","CARD_BALANCE":%s,"CARD_STATUS":%q,"LIST_CARDS":[%q],"LIST_TANSACTIONS":[],"CORPORATE_ACCOUNT_ID":%q}}`,
				card, balance, tt.to, card, s.account), a.body)
			if tt.told {
				before = append(before, "card_status "+tt.to)
			}
			assert.Equal(t, before, s.told())
			s.sound()
		})
	}
}

// CANCEL_CARD brings the card's money back to payout, without a fee; float and
// reserve stay.
func TestCanceledCardReturnsItsMoney(t *testing.T) {
	t.Parallel()
	for _, paused := range []bool{false, true} {
		t.Run(fmt.Sprint("Paused", paused), func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			card := s.loaded("ssmith@example.com", "300")
			s.loaded("ssmith@example.com", "50")
			s.act("card_purchase", "card", card, "amount", "12.79")
			if paused {
				s.manage("PAUSE_CARD", card)
			}
			s.has("49742.35", "653.5", "99990") // 312.50 and 56.25 less
			s.manage("CANCEL_CARD", card)
			s.has("50079.56", "653.5", "99990") // 337.21 more
			s.holds(card, "CANCELED", "0.00")
			s.manage("CANCEL_CARD", card)
			s.has("50079.56", "653.5", "99990")
			s.sound()
		})
	}
}

// A canceled card is for good: the next load issues a new card, to the same
// recipient.
func TestLoadAfterCancelIssuesANewCard(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	first := s.accepted("card_load", s.form("card_load"))
	old := first.data(t, "CARD_ACCOUNT_ID")
	require.Equal(t, 200, s.manage("CANCEL_CARD", old).status)

	second := s.accepted("card_load", s.form("card_load").with("RECIPIENT_ACCOUNT_ID", first.data(t, "RECIPIENT_ACCOUNT_ID")))
	fresh := second.data(t, "CARD_ACCOUNT_ID")
	assert.NotEqual(t, old, fresh)
	assert.Equal(t, first.data(t, "RECIPIENT_ACCOUNT_ID"), second.data(t, "RECIPIENT_ACCOUNT_ID"))
	assert.Equal(t, []string{old, fresh}, s.cardIDs())
	s.holds(old, "CANCELED", "0.00")
	s.holds(fresh, "ACTIVE", "300.00")

	third := s.loaded("SSMITH@example.com", "10")
	assert.Equal(t, fresh, third)
	s.holds(fresh, "ACTIVE", "310.00")
	s.sound()
}

// A paused card is loaded, and stays paused.
func TestPausedCardTakesLoads(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	card := s.loaded("ssmith@example.com", "300")
	s.manage("PAUSE_CARD", card)
	assert.Equal(t, card, s.loaded("ssmith@example.com", "0.01"))
	s.holds(card, "PAUSED", "300.01")
	s.manage("UNPAUSE_CARD", card)
	s.holds(card, "ACTIVE", "300.01")
	s.sound()
}

// Cards are listed oldest first, canceled ones too; a card is shown beside the
// whole list.
func TestAllCardsAreListed(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	var want []string
	for i := range 12 {
		want = append(want, s.loaded(fmt.Sprintf("user%d@example.com", i), "1"))
	}
	s.manage("CANCEL_CARD", want[3])
	s.manage("PAUSE_CARD", want[7])
	s.loaded("user0@example.com", "1")
	assert.Equal(t, want, s.cardIDs())
	unique := make(map[string]bool)
	for _, id := range want {
		assert.Regexp(t, `^[0-9a-f]{32}$`, id)
		unique[id] = true
	}
	assert.Len(t, unique, 12)
}

// A purchase is decided by the card's state, then by its balance.
func TestPurchases(t *testing.T) {
	t.Parallel()
	const ok, noFunds, paused, canceled = "AUTHORIZED", "REJECTED: Insufficient funds", "REJECTED: Card paused", "REJECTED: Card canceled"
	tests := []struct {
		name, action, amount string
		verdict, left        string
	}{
		{"Less", "", "12.79", ok, "287.21"},
		{"CentLess", "", "299.99", ok, "0.01"},
		{"Exactly", "", "300", ok, "0"},
		{"CentMore", "", "300.01", noFunds, "300"},
		{"More", "", "1000000", noFunds, "300"},
		{"Paused", "PAUSE_CARD", "12.79", paused, "300"},
		{"PausedWithoutFunds", "PAUSE_CARD", "300.01", paused, "300"},
		{"Canceled", "CANCEL_CARD", "12.79", canceled, "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			card := s.loaded("ssmith@example.com", "300")
			if tt.action != "" {
				s.manage(tt.action, card)
			}
			payout := s.Balance("dinaricash", "payout")
			var got struct {
				Purchase, Card, Status, Amount string
				Before                         string `json:"prepurchase_balance"`
				After                          string `json:"postpurchase_balance"`
			}
			require.NoError(t, json.Unmarshal([]byte(s.act("card_purchase", "card", card, "amount", tt.amount)), &got))
			before := "300"
			if tt.verdict == canceled {
				before = "0"
			}
			assert.Regexp(t, `^[0-9a-f]{32}$`, got.Purchase)
			assert.Equal(t, []string{card, tt.verdict, tt.amount, before, tt.left}, []string{got.Card, got.Status, got.Amount, got.Before, got.After})
			listed := s.manage("GET_CARD_DETAILS", card)
			if tt.verdict == ok {
				assert.Contains(t, listed.body, `"LIST_TANSACTIONS":[{"TRANSACTION_ID":"`+got.Purchase+`","AMOUNT":`)
			} else {
				assert.Contains(t, listed.body, `"LIST_TANSACTIONS":[]`, "only authorized purchases are listed")
			}
			assert.Equal(t, payout, s.Balance("dinaricash", "payout"), "purchases do not move the account")
			assert.Len(t, s.list(), 1, "purchases are no transactions")
			s.sound()
		})
	}
}

// Purchases stand newest first, also those of one instant; loads are not among
// them.
func TestPurchasesAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	card, other := s.loaded("ssmith@example.com", "300"), s.loaded("jsmith@example.com", "300")
	for i := 1; i <= 12; i++ {
		s.act("card_purchase", "card", card, "amount", fmt.Sprint(i))
		s.act("card_purchase", "card", other, "amount", "0.50")
		if i%3 == 0 {
			s.Advance(time.Second)
			s.loaded("ssmith@example.com", "1")
		}
	}
	var got struct {
		Data struct {
			Purchases []struct {
				Amount  json.Number `json:"AMOUNT"`
				Created string      `json:"TRANSACTION_DATETIME_CREATED"`
			} `json:"LIST_TANSACTIONS"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.manage("GET_CARD_DETAILS", card).body), &got))
	require.Len(t, got.Data.Purchases, 12)
	for i, p := range got.Data.Purchases {
		n := 12 - i
		assert.Equal(t, fmt.Sprintf("%d.00", n), p.Amount.String())
		assert.Equal(t, fmt.Sprintf("2025-01-08 12:34:%d", 56+(n-1)/3), p.Created)
	}
	s.sound()
}

// A load that has not completed is not on the card; what becomes of it decides
// where the money ends.
func TestPendingLoads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		do     func(s *shop, card, load string)
		status string // of the load
		card   string
		payout string // 50111.10 less 312.50 for the load
	}{
		{"Waits", func(*shop, string, string) {}, "Initiated", "ACTIVE 0.00", "49798.6"},
		{"Completes", func(s *shop, _, _ string) { s.Advance(10 * time.Second) }, "Completed", "ACTIVE 300.00", "49798.6"},
		{"IsCompleted", func(s *shop, _, load string) { s.act("transition", "transaction", load) }, "Completed", "ACTIVE 300.00", "49798.6"},
		{"IsDeclined", func(s *shop, _, load string) {
			s.act("transition", "transaction", load, "as", "DECLINED")
			s.Advance(time.Minute)
		}, "Declined", "ACTIVE 0.00", "50111.1"},
		{"Fails", func(s *shop, _, load string) {
			s.act("transition", "transaction", load, "as", "FAILED")
			s.Advance(time.Minute)
		}, "Failed", "ACTIVE 0.00", "50111.1"},
		{"CompletesOnPausedCard", func(s *shop, card, _ string) {
			s.manage("PAUSE_CARD", card)
			s.Advance(10 * time.Second)
		}, "Completed", "PAUSED 300.00", "49798.6"},
		{"CardCanceledMeanwhile", func(s *shop, card, _ string) { s.manage("CANCEL_CARD", card) }, "Initiated", "CANCELED 0.00", "49798.6"},
		{"CompletesOnCanceledCard", func(s *shop, card, _ string) {
			s.manage("CANCEL_CARD", card)
			s.Advance(10 * time.Second)
		}, "Completed", "CANCELED 0.00", "50098.6"},
		{"DeclinedAfterCardWasCanceled", func(s *shop, card, load string) {
			s.manage("CANCEL_CARD", card)
			s.act("transition", "transaction", load, "as", "DECLINED")
		}, "Declined", "CANCELED 0.00", "50111.1"},
		{"CompletedThenCardCanceled", func(s *shop, card, _ string) {
			s.Advance(10 * time.Second)
			s.manage("CANCEL_CARD", card)
		}, "Completed", "CANCELED 0.00", "50098.6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, "{settle: {CARD_VIRTUAL: {after: 10s}}}")
			a := s.accepted("card_load", s.form("card_load"))
			assert.Equal(t, "Completed", a.data(t, "TRANSACTION_STATUS"))
			card, load := a.data(t, "CARD_ACCOUNT_ID"), a.data(t, "TRANSACTION_ID")
			s.holds(card, "ACTIVE", "0.00")
			tt.do(s, card, load)
			assert.Equal(t, tt.status, s.state(load))
			shown := s.manage("GET_CARD_DETAILS", card)
			assert.Equal(t, tt.card, shown.data(t, "CARD_STATUS")+" "+shown.data(t, "CARD_BALANCE"))
			assert.Equal(t, tt.payout, s.Balance("dinaricash", "payout"))
			s.sound()
		})
	}
}

// Two loads on their way to one card arrive each in its time.
func TestLoadsOfOneCardArriveInTheirTime(t *testing.T) {
	t.Parallel()
	s := open(t, "{settle: {CARD_VIRTUAL: {after: 10s}}}")
	card := s.loaded("ssmith@example.com", "100")
	s.Advance(4 * time.Second)
	assert.Equal(t, card, s.loaded("ssmith@example.com", "20"))
	s.Advance(6*time.Second - time.Millisecond)
	s.holds(card, "ACTIVE", "0.00")
	s.Advance(time.Millisecond)
	s.holds(card, "ACTIVE", "100.00")
	s.act("card_purchase", "card", card, "amount", "100")
	s.Advance(4 * time.Second)
	s.holds(card, "ACTIVE", "20.00")
	s.sound()
}

// Where a knob lets completed loads be canceled, the money leaves the card; one
// that does not hold it any more keeps the load as it is.
func TestCanceledLoadLeavesTheCard(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(s *shop, card string)
		ok     bool
		left   string
		payout string // 49798.60 after the load of 300
	}{
		{"Untouched", func(*shop, string) {}, true, "0.00", "50078.6"},
		{"Paused", func(s *shop, card string) { s.manage("PAUSE_CARD", card) }, true, "0.00", "50078.6"},
		{"LoadedMore", func(s *shop, _ string) { s.loaded("ssmith@example.com", "100") }, true, "100.00", "49971.1"},
		{"SpentOfMore", func(s *shop, card string) {
			s.loaded("ssmith@example.com", "100")
			s.act("card_purchase", "card", card, "amount", "100")
		}, true, "0.00", "49971.1"},
		{"Spent", func(s *shop, card string) { s.act("card_purchase", "card", card, "amount", "0.01") }, false, "299.99", "49798.6"},
		{"CardCanceled", func(s *shop, card string) { s.manage("CANCEL_CARD", card) }, false, "0.00", "50098.6"},
	}
	for _, tt := range tests {
		for _, how := range []string{"Call", "Transition"} {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				t.Parallel()
				s := open(t, "{cancel_allowed_from: {CARD_VIRTUAL: [COMPLETED]}}")
				load := s.accepted("card_load", s.form("card_load"))
				id, card := load.data(t, "TRANSACTION_ID"), load.data(t, "CARD_ACCOUNT_ID")
				tt.before(s, card)
				switch {
				case how == "Transition":
					assert.Equal(t, map[bool]int{true: 200, false: 409}[tt.ok], s.tried("transition", "transaction", id, "as", "CANCELED"))
				case tt.ok:
					s.cancel(id)
				default:
					s.cannotCancel(id, notCancelable, 403)
				}
				assert.Equal(t, map[bool]string{true: "Canceled", false: "Completed"}[tt.ok], s.state(id))
				assert.Equal(t, tt.left, s.manage("GET_CARD_DETAILS", card).data(t, "CARD_BALANCE"))
				assert.Equal(t, tt.payout, s.Balance("dinaricash", "payout"))
				s.sound()
			})
		}
	}
}

// A card is valid until the same month of another year, whatever the day.
func TestCardExpiry(t *testing.T) {
	t.Parallel()
	tests := []struct{ start, knobs, want string }{
		{"2025-01-08T12:34:56Z", "", "01/28"},
		{"2025-12-31T23:59:59Z", "", "12/28"},
		{"2025-10-01T00:00:00Z", "{card_expires_in_months: 1}", "11/25"},
		{"2024-02-29T12:00:00Z", "", "02/27"},
		{"2025-01-31T12:00:00Z", "{card_expires_in_months: 1}", "02/25"},
		{"2025-08-31T12:00:00Z", "{card_expires_in_months: 1}", "09/25"},
	}
	for _, tt := range tests {
		t.Run(tt.start, func(t *testing.T) {
			t.Parallel()
			text := "version: 1\nseed: 1\nclock: {start: " + tt.start + ", frozen: true}\n"
			if tt.knobs != "" {
				text += "providers: {dinaricash: " + tt.knobs + "}\n"
			}
			s := openScenario(t, text)
			assert.Equal(t, tt.want, s.accepted("card_load", s.form("card_load")).data(t, "RECIPIENT_CARD_EXPIRATION_DATE"))
		})
	}
}

// Cards and holders can be there from the beginning.
func TestSeededCards(t *testing.T) {
	t.Parallel()
	s := open(t, `{recipients: [{id: r1, email: Ada@Example.com, name: Ada}], cards: [
		{id: c0, recipient: r1, number: "411111******0000", expires: 12/26, status: CANCELED},
		{id: c1, recipient: r1, number: "411111******1111", expires: 12/26, status: PAUSED, balance: "300.00", created: 2023-03-06T18:04:00Z,
		 purchases: [{id: p1, amount: "12.79", at: 2023-03-06T18:05:00Z}, {id: p2, amount: "1", at: 2023-03-06T18:05:00Z}]}]}`)
	assert.Equal(t, []string{"c0", "c1"}, s.cardIDs())
	a := s.manage("GET_CARD_DETAILS", "c1")
	assert.Contains(t, a.body, `"CARD_DATETIME_CREATED":"2023-03-06 18:04:00","CARD_CURRENCY_ISO3":"USD","CARD_BALANCE":300.00,"CARD_STATUS":"PAUSED"`)
	assert.Contains(t, a.body, `"LIST_TANSACTIONS":[{"TRANSACTION_ID":"p2","AMOUNT":1.00,"TRANSACTION_STATUS":"Completed","TRANSACTION_DATETIME_CREATED":"2023-03-06 18:05:00"},{"TRANSACTION_ID":"p1","AMOUNT":12.79,`)
	load := s.accepted("card_load", s.form("card_load").with("RECIPIENT_EMAILADDRESS", "ada@example.com", "RECIPIENT_ACCOUNT_ID", "r1", "SEND_AMOUNT", "0.50"))
	assert.Equal(t, "c1", load.data(t, "CARD_ACCOUNT_ID"))
	assert.Equal(t, "411111******1111", load.data(t, "RECIPIENT_CARD_NUMBER"))
	s.holds("c1", "PAUSED", "300.50")
	s.has("50105.59", "1016.74", "99995")
	assert.Empty(t, s.told()[2:])
	s.sound()
}
