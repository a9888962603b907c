package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mockpay/mockpay/provider"
)

// ruleSchema is one rule. What an operation has is checked by the operation
// where on is one, and by all of them where on names many. The keys themselves
// name no outcomes and the like: editors would offer those of all operations.
func (l *Language) ruleSchema() schema {
	rule := closed("When this call comes, do that.", schema{
		"name":     textSchema("Shown in the answer's X-Mockpay-Rule and in the journal; without it, the rule's place."),
		"on":       schema{"enum": l.onNames(), "description": "The operation; dinardragon.* and * match many."},
		"when":     ref("conditions"),
		"skip":     countSchema("How many calls to let pass first.", 0),
		"times":    countSchema("How often to act at most.", 1),
		"every":    countSchema("Act on every n-th call.", 1),
		"chance":   numberSchema("Act with this chance, by the seed: 0.2 is one in five.").with(schema{"minimum": 0, "maximum": 1}),
		"between":  betweenSchema(),
		"respond":  respondSchema(),
		"settle":   settleSchema(),
		"delay":    delaySchema(),
		"fault":    faultSchema(),
		"webhooks": webhooksSchema(),
	})
	rule["required"] = []string{"on"}
	var effects []schema
	for _, name := range []string{"respond", "settle", "delay", "fault", "webhooks"} {
		effects = append(effects, schema{"required": []string{name}})
	}
	rule["anyOf"] = effects
	rule["not"] = schema{"required": []string{"respond", "settle"}}
	rule["allOf"] = slices.Concat(
		l.byOperation(l.outcomesOf), l.byOperation(l.settlementOf), l.byOperation(l.eventsOf), l.byOperation(l.parametersOf),
		[]schema{l.ofAny()})
	return rule
}

// ofAny is a rule whose on is still to be written: it is offered all there is.
func (l *Language) ofAny() schema {
	var outcomes, states []string
	for _, full := range l.operations {
		_, op := l.lookup(full)
		outcomes = append(outcomes, op.Outcomes()...)
		if of, settles := l.settledStates([]string{full}); settles {
			states = append(states, of...)
		}
	}
	return schema{
		"if": schema{"not": schema{"required": []string{"on"}, "properties": schema{"on": schema{"enum": l.onNames()}}}},
		"then": schema{"properties": schema{
			"respond": outcomeSchema(uniq(outcomes)), "settle": statusSchema(uniq(states)), "webhooks": eventSchema(l.events(l.operations)),
		}},
	}
}

// onNames is all that on can be: operations, those of a provider, all.
func (l *Language) onNames() []string {
	names := slices.Clone(l.operations)
	for _, m := range l.mocks {
		names = append(names, m.Name+".*")
	}
	return append(names, "*")
}

// byOperation says what a rule is like for each on; those for which it is the
// same stand together.
func (l *Language) byOperation(rule func(operations []string) schema) (all []schema) {
	places := make(map[string]int)
	for _, on := range l.onNames() {
		properties := rule(l.matching(on))
		text, err := json.Marshal(properties)
		if err != nil {
			panic(fmt.Sprintf("scenarios: a part of the schema cannot be written: %v", err))
		}
		i, seen := places[string(text)]
		if !seen {
			i = len(all)
			places[string(text)] = i
			all = append(all, schema{
				"if":   schema{"required": []string{"on"}, "properties": schema{"on": schema{"enum": []string{}}}},
				"then": schema{"properties": properties},
			})
		}
		is := all[i]["if"].(schema)["properties"].(schema)["on"].(schema)
		is["enum"] = append(is["enum"].([]string), on)
	}
	return all
}

// outcomesOf are the outcomes that all the operations have.
func (l *Language) outcomesOf(operations []string) schema {
	var common []string
	for i, full := range operations {
		_, op := l.lookup(full)
		outcomes := op.Outcomes()
		if i == 0 {
			common = slices.Clone(outcomes)
		}
		common = slices.DeleteFunc(common, func(o string) bool { return !slices.Contains(outcomes, o) })
	}
	return schema{"respond": outcomeSchema(common)}
}

func outcomeSchema(outcomes []string) schema {
	return schema{"anyOf": []schema{{"enum": outcomes}, {"type": "object"}}}
}

// settlementOf are the states that all the operations know which settle
// something.
func (l *Language) settlementOf(operations []string) schema {
	states, settles := l.settledStates(operations)
	if !settles {
		return schema{"settle": false}
	}
	return schema{"settle": statusSchema(states)}
}

func statusSchema(states []string) schema {
	as := schema{"as": schema{"enum": states}}
	return schema{"properties": as, "items": schema{"properties": as}}
}

// eventsOf are the webhooks of the operations' providers.
func (l *Language) eventsOf(operations []string) schema {
	return schema{"webhooks": eventSchema(l.events(operations))}
}

func eventSchema(events []string) schema {
	if len(events) == 0 {
		return schema{"properties": schema{"event": false}}
	}
	return schema{"properties": schema{"event": schema{"enum": events}}}
}

// parametersOf are the keys of when that a call of the operations has.
func (l *Language) parametersOf(operations []string) schema {
	parameters := schema{}
	for _, full := range operations {
		_, op := l.lookup(full)
		for _, name := range op.Params {
			parameters[name] = ref("condition")
		}
	}
	return schema{"when": schema{"properties": parameters}}
}

// uniq keeps the first of each.
func uniq(all []string) (kept []string) {
	for _, s := range all {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func conditionsSchema() schema {
	return schema{
		"type": "object", "minProperties": 1,
		"description":          "Every key must hold. A key is a parameter, dotted for nested ones, with * for any element; or header.NAME, query.NAME, request.method, request.path.",
		"properties":           schema{"request.method": ref("condition"), "request.path": ref("condition")},
		"additionalProperties": ref("condition"),
		"propertyNames": schema{
			"pattern": `^[^.]+(\.[^.]+)*$`,
			"anyOf":   []schema{{"not": schema{"pattern": `^request\.`}}, {"enum": []string{"request.method", "request.path"}}},
		},
	}
}

// conditionSchema is what must hold of a value: what it equals, or predicates.
func conditionSchema() schema {
	value := []string{"string", "number", "boolean", "null"}
	plain := func(doc string) schema { return schema{"type": value, "description": doc} }
	asked := closed("What the value is asked; all of it must hold.", schema{
		"eq":          plain("It equals this; numbers compare as decimals."),
		"ne":          plain("It does not equal this."),
		"in":          schema{"type": "array", "minItems": 1, "items": schema{"type": value}, "description": "It is one of these."},
		"gt":          numberSchema("It is a number above this."),
		"gte":         numberSchema("It is a number of at least this."),
		"lt":          numberSchema("It is a number below this."),
		"lte":         numberSchema("It is a number of at most this."),
		"matches":     textSchema("It matches this regular expression."),
		"starts_with": textSchema("It begins with this text."),
		"ends_with":   textSchema("It ends with this text."),
		"contains":    plain("It holds this text or, being a list, this element."),
		"exists":      booleanSchema("It is there, or is not."),
	})
	asked["minProperties"] = 1
	return schema{"anyOf": []schema{{"type": value}, asked}}
}

func betweenSchema() schema {
	return list("Act while the clock is so far past its start: [12m, 14m].", durationSchema("")).with(schema{"minItems": 2, "maxItems": 2})
}

func respondSchema() schema {
	raw := closed("An answer as it stands here.", schema{
		"status":  countSchema("The HTTP status.", 200).with(schema{"maximum": 599, "default": 200}),
		"headers": schema{"type": "object", "additionalProperties": textSchema(""), "propertyNames": schema{"pattern": "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]+$"}},
		"body":    schema{"description": "A text verbatim, anything else as JSON."},
	})
	return schema{
		"description": "Refuse the call as the provider would, or answer it here; nothing happens behind it.",
		"anyOf":       []schema{{"type": "string"}, raw},
	}
}

func settleSchema() schema {
	keys := func() schema {
		return schema{
			"as":      schema{"type": "string", "description": "The status it comes to; one that is not final is where it stays."},
			"after":   durationSchema("How long after the call."),
			"message": textSchema("The provider's own message with it."),
		}
	}
	one := closed("What becomes of an accepted call.", keys())
	one["minProperties"] = 1
	listed := closed("What becomes of the records that when holds of.", keys().with(schema{"when": ref("conditions")}))
	listed["anyOf"] = []schema{{"required": []string{"as"}}, {"required": []string{"after"}}, {"required": []string{"message"}}}
	all := list("For each record of the call, the first entry whose when holds.", listed)
	all["minItems"] = 1
	return schema{"description": "What becomes of an accepted call.", "anyOf": []schema{one, all}}
}

func delaySchema() schema {
	spread := closed("A time drawn by the seed.", schema{
		"min": durationSchema("At least."),
		"max": durationSchema("At most."),
	})
	spread["required"] = []string{"max"}
	return schema{"description": "Let real time pass before the answer.", "anyOf": []schema{durationSchema("How long."), spread}}
}

// faults are what can happen to an answer on its way.
var faults = []string{"reset", "drop", "hang", "truncate", "garbage", "slow", "lost_reply"}

func faultSchema() schema {
	return schema{
		"enum":        faults,
		"description": "What happens to the answer on the wire. After reset, drop and hang nothing is done; slow, truncate, garbage and lost_reply do it once.",
	}
}

func webhooksSchema() schema {
	how := closed("What happens to the webhooks of the call.", schema{
		"delay":           durationSchema("Send them so much later."),
		"duplicate":       countSchema("How many more copies to send, with the same id.", 1),
		"reorder":         booleanSchema("Swap the event with the next one."),
		"bad_signature":   booleanSchema("Sign it wrongly."),
		"stale_timestamp": booleanSchema("Let it look old."),
		"corrupt":         booleanSchema("Break its body."),
		"event":           schema{"type": "string", "description": "Only this event."},
	})
	how["minProperties"] = 1
	return schema{"description": "What happens to the webhooks of the call.", "anyOf": []schema{{"enum": []string{"drop"}}, how}}
}

// events are the webhooks of the operations' providers.
func (l *Language) events(operations []string) (all []string) {
	for _, full := range operations {
		m, _ := l.lookup(full)
		all = append(all, m.Events...)
	}
	return uniq(all)
}

// timelineSchema is what happens without a call.
func (l *Language) timelineSchema() schema {
	var actions []string
	var arguments []schema
	for _, m := range l.mocks {
		for i := range m.Actions {
			full := m.Name + "." + m.Actions[i].Name
			actions = append(actions, full)
			arguments = append(arguments, schema{
				"if":   schema{"required": []string{"do"}, "properties": schema{"do": schema{"const": full}}},
				"then": argumentsSchema(&m.Actions[i]),
			})
		}
	}
	entry := closed("What happens at a time.", schema{
		"at":   durationSchema("How far past the clock's start."),
		"do":   schema{"enum": actions, "description": "The action."},
		"with": schema{"type": "object", "description": "Its arguments."},
	})
	entry["required"] = []string{"at", "do"}
	entry["allOf"] = arguments
	return list("What happens by itself, at times of the clock.", entry)
}

// argumentsSchema is what an action takes under with.
func argumentsSchema(a *provider.Action) schema {
	properties, required := schema{}, []string{}
	for _, arg := range a.Args {
		s := textSchema(arg.Doc)
		if len(arg.OneOf) > 0 {
			s = schema{"enum": arg.OneOf, "description": arg.Doc}
		}
		if arg.Default != "" {
			s["default"] = arg.Default
		}
		if arg.Required {
			required = append(required, arg.Name)
		}
		properties[arg.Name] = s
	}
	then := schema{"properties": schema{"with": schema{"properties": properties, "additionalProperties": false, "required": required}}}
	if len(required) > 0 {
		then["required"] = []string{"with"}
	}
	return then
}

// expectSchema is what mockpay verify checks.
func (l *Language) expectSchema() schema {
	bounds := closed("How often at least and at most.", schema{"gte": countSchema("", 0), "lte": countSchema("", 0)})
	bounds["minProperties"] = 1
	entry := closed("What must have happened.", schema{
		"on":       schema{"enum": l.onNames(), "description": "The operation; dinardragon.* and * match many."},
		"where":    ref("conditions").about("As when of a rule, with status and outcome of the answer too."),
		"count":    schema{"description": "How often.", "anyOf": []schema{countSchema("", 0), bounds}},
		"never":    booleanSchema("It must not happen."),
		"webhook":  schema{"enum": l.events(l.operations), "description": "A webhook."},
		"balance":  schema{"type": "object", "additionalProperties": numberSchema(""), "description": "Balances by provider and name: {dinaricash.payout: \"1992.00\"}."},
		"in_order": list("Operations, in this order.", schema{"enum": l.onNames()}),
	})
	entry["minProperties"] = 1
	return list("What mockpay verify checks.", entry)
}
