package executions

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/provider"
)

// Obj makes an object of keys and values in turn.
func obj(pairs ...any) provider.Object {
	o := make(provider.Object, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		o = append(o, provider.Member{Key: pairs[i].(string), Value: pairs[i+1]})
	}
	return o
}

// document is written once: it is the same for all.
var document = sync.OnceValue(writeDocument)

// writeDocument is the OpenAPI 3.1 document of the endpoints, in YAML. The paths, the
// names of schemas and the ids of operations are those of the published one,
// which itself is not to be had.
func writeDocument() []byte {
	d := &describer{schemas: make(map[string]any)}
	paths := provider.Object{}
	for i := range endpoints {
		e := &endpoints[i]
		paths = append(paths, provider.Member{Key: "/{version}" + e.path, Value: obj(strings.ToLower(e.method), d.operation(e))})
	}
	schemas := provider.Object{}
	for _, name := range slices.Sorted(maps.Keys(d.schemas)) {
		schemas = append(schemas, provider.Member{Key: name, Value: d.schemas[name]})
	}
	return inYAML(obj(
		"openapi", "3.1.0",
		"info", obj("title", "Dollr Open API", "version", "1.0.0", "description", "As mockpay answers it."),
		"servers", []any{obj("url", "/"+Name), obj("url", "https://api.heydollr.app")},
		"paths", paths,
		"components", obj(
			"schemas", append(schemas, errorSchemas()...),
			"securitySchemes", obj("HTTPBearer", obj("type", "http", "scheme", "bearer")),
		),
	))
}

// inYAML writes a value as YAML with its members in their order: JSON is YAML.
func inYAML(v any) []byte {
	var node yaml.Node
	if err := yaml.Unmarshal(provider.Encode(v), &node); err != nil {
		panic("executions: JSON is YAML: " + err.Error())
	}
	block(&node)
	text, err := yaml.Marshal(&node)
	if err != nil {
		panic("executions: what was read can be written: " + err.Error())
	}
	return text
}

// block takes the style of JSON off a document.
func block(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		block(child)
	}
}

// A describer collects the schemas that operations name.
type describer struct{ schemas map[string]any }

func ref(name string) provider.Object { return obj("$ref", "#/components/schemas/"+name) }

func content(schema any) provider.Object { return obj("application/json", obj("schema", schema)) }

func (d *describer) operation(e *endpoint) provider.Object {
	function := e.function
	if function == "" {
		function = e.name
	}
	tag, _, _ := strings.Cut(strings.TrimPrefix(e.path, "/"), "/")
	path := strings.NewReplacer("/", "_", "{", "_", "}", "_", "-", "_").Replace(e.path)
	op := obj(
		"tags", []string{tag}, "summary", e.summary,
		"operationId", function+"__version_"+path+"_"+strings.ToLower(e.method),
		"parameters", d.parameters(e),
	)
	if len(e.body) > 0 {
		d.schemas[e.payload] = describeObject(e.body)
		op = append(op, obj("requestBody", obj("required", true, "content", content(ref(e.payload))))...)
	}
	op = append(op, obj("responses", d.responses(e))...)
	if !e.open {
		op = append(op, obj("security", []any{obj("HTTPBearer", []string{})})...)
	}
	return op
}

func (d *describer) parameters(e *endpoint) []any {
	all := []any{obj("name", "version", "in", "path", "required", true, "schema", obj("type", "string", "const", version))}
	for part := range strings.SplitSeq(e.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			all = append(all, obj("name", strings.TrimSuffix(name, "}"), "in", "path", "required", true, "schema", obj("type", "string")))
		}
	}
	for i := range e.query {
		f := &e.query[i]
		all = append(all, obj("name", f.name, "in", "query", "required", !f.optional, "schema", describe(f)))
	}
	return all
}

// responses are the answer, and a refusal for each status of the outcomes.
func (d *describer) responses(e *endpoint) provider.Object {
	all := obj("200", obj("description", "Successful Response", "content", content(d.answer(e))))
	reasons := make(map[int][]string)
	op := e.operation()
	for _, name := range op.Outcomes() {
		i := slices.IndexFunc(outcomes, func(o provider.Outcome) bool { return o.Name == name })
		if status := outcomes[i].Status; status != http.StatusOK {
			reasons[status] = append(reasons[status], name)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(reasons)) {
		schema := ref("Error")
		if status == http.StatusUnprocessableEntity {
			schema = ref("HTTPValidationError")
		}
		all = append(all, obj(fmt.Sprint(status), obj("description", strings.Join(reasons[status], ", "), "content", content(schema)))...)
	}
	return all
}

// describeObject is the schema of an object that a call takes.
func describeObject(schema []field) provider.Object {
	properties, required := provider.Object{}, []string{}
	for i := range schema {
		properties = append(properties, provider.Member{Key: schema[i].name, Value: describe(&schema[i])})
		if !schema[i].optional {
			required = append(required, schema[i].name)
		}
	}
	return obj("type", "object", "properties", properties, "required", required)
}

// describe is the schema of a field.
func describe(f *field) provider.Object {
	var schema provider.Object
	switch f.kind {
	case integer:
		schema = obj("type", "integer")
	case amount:
		schema = obj("anyOf", []any{obj("type", "number", "minimum", jsontext.Value("0.01")), obj("type", "integer", "minimum", 1)})
	case object:
		schema = describeObject(f.fields)
	default:
		schema = obj("type", "string")
	}
	if f.optional {
		schema = obj("anyOf", []any{append(schema, limits(f)...), obj("type", "null")})
	} else {
		schema = append(schema, limits(f)...)
	}
	return append(schema, obj("description", f.doc)...)
}

// limits are what a text has to be.
func limits(f *field) (all provider.Object) {
	if len(f.oneOf) > 0 {
		all = append(all, obj("enum", f.oneOf)...)
	}
	if f.filled {
		all = append(all, obj("minLength", 1)...)
	}
	if f.length > 0 {
		all = append(all, obj("minLength", f.length, "maxLength", f.length)...)
	}
	switch f.pattern {
	case nil:
	case uuidV4:
		all = append(all, obj("format", "uuid")...)
	default:
		all = append(all, obj("pattern", f.pattern.String())...)
	}
	return all
}

// answer is the schema of what an endpoint answers with, as its Go type has it.
func (d *describer) answer(e *endpoint) provider.Object {
	t := reflect.TypeOf(e.answers)
	if t.Kind() == reflect.Slice {
		d.schemas[e.schema] = d.structure(t.Elem())
		return obj("type", "array", "items", ref(e.schema))
	}
	d.schemas[e.schema] = d.structure(t)
	return ref(e.schema)
}

// structure is the schema of a struct. All its members are always there; those
// behind pointers may be null.
func (d *describer) structure(t reflect.Type) provider.Object {
	properties, required := provider.Object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		schema := d.goType(f.Type)
		if enum := strings.Fields(f.Tag.Get("enum")); len(enum) > 0 {
			schema = append(schema, obj("enum", enum)...)
		}
		properties = append(properties, provider.Member{Key: f.Tag.Get("json"), Value: schema})
		required = append(required, f.Tag.Get("json"))
	}
	return obj("type", "object", "properties", properties, "required", required, "additionalProperties", false)
}

func (d *describer) goType(t reflect.Type) provider.Object {
	switch t {
	case reflect.TypeFor[money](), reflect.TypeFor[provider.Minimal]():
		return obj("type", "number")
	case reflect.TypeFor[stamp]():
		return obj("type", "string", "format", "date-time")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return obj("anyOf", []any{d.goType(t.Elem()), obj("type", "null")})
	case reflect.Slice:
		return obj("type", "array", "items", d.goType(t.Elem()))
	case reflect.Struct:
		return d.structure(t)
	case reflect.Int64:
		return obj("type", "integer")
	case reflect.Bool:
		return obj("type", "boolean")
	case reflect.String:
		return obj("type", "string")
	}
	panic("executions: answers hold no " + t.String())
}

// errorSchemas are the two documented shapes of errors [CONV].
func errorSchemas() provider.Object {
	text, strict := obj("type", "string"), obj("additionalProperties", false)
	return obj(
		"Error", append(obj("type", "object", "properties", obj("detail", text), "required", []string{"detail"}), strict...),
		"HTTPValidationError", append(obj(
			"type", "object",
			"properties", obj("detail", obj("type", "array", "items", ref("ValidationError"), "minItems", 1)),
			"required", []string{"detail"},
		), strict...),
		"ValidationError", obj(
			"type", "object",
			"properties", obj(
				"loc", obj("type", "array", "items", obj("anyOf", []any{text, obj("type", "integer")})),
				"msg", text, "type", text,
			),
			"required", []string{"loc", "msg", "type"},
		),
	)
}
