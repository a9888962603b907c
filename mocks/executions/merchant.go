package executions

import (
	"net/http"
	"strconv"
	"time"

	"github.com/mockpay/mockpay/state"
)

// The merchant of a workspace; our choice.
const (
	merchantID   = 1
	merchantType = "ORGANIZATION"
)

var ownerTypes = []string{"MICRO_ORGANIZATION", merchantType}

// A merchantRecord is the merchant of a workspace.
type merchantRecord struct {
	ID        int64     `json:"id"`
	CreatedAt time.Time `json:"created_at"`
}

var merchants = state.NewTable(Name+".merchants", func(m merchantRecord) string { return strconv.FormatInt(m.ID, 10) })

var merchantEndpoints = []endpoint{{
	name: "merchant_info", method: http.MethodGet, path: "/merchants/merchant-info",
	summary:  "Tell who a merchant is.",
	function: "get_merchant_info",
	query: []field{
		{name: "merchant_id", doc: "the merchant", kind: integer},
		{name: "merchant_type", doc: "what kind of merchant it is", oneOf: ownerTypes},
	},
	answers: merchantAnswer{}, schema: "MerchantInfoResponse",
	refuses: []string{merchantNotFound},
	handle:  merchantInfo,
}}

// A merchantAnswer is the documented shape [AR-merch].
type merchantAnswer struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Type  string  `json:"type"`
	Email *string `json:"email"`
	Phone *string `json:"phone"`
}

// merchantInfo answers GET /merchants/merchant-info. Others' merchants are
// unknown; our choice.
func merchantInfo(c *call) (any, error) {
	if err := c.ownMerchant(c.query.id("merchant_id"), c.query.text("merchant_type")); err != nil {
		return nil, err
	}
	answer := merchantAnswer{ID: merchantID, Name: c.Merchant.Name, Type: merchantType}
	if c.Merchant.Email != "" {
		answer.Email = &c.Merchant.Email
	}
	if phone := c.Credentials[ownerPhone]; phone != "" {
		answer.Phone = &phone
	}
	return answer, nil
}

// ownMerchant refuses to tell about another merchant than the one that calls.
func (c *call) ownMerchant(id int64, kind string) error {
	if id == merchantID && kind == merchantType {
		return nil
	}
	return c.Refuse(merchantNotFound, "the merchant of this workspace is %d, of type %s", merchantID, merchantType)
}

// since is when the merchant was set up.
func (c *call) since() stamp {
	m, _ := merchants.First(c.Tx)
	return stamp(m.CreatedAt)
}
