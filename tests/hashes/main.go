// Command hashes prints what the hashes of pod templates and canary steps depend on.
//
//	go run . fields                   the fields of every type, in Go's order, as JSON
//	go run . vectors < cases.json     each case with its hash, as JSON
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/conditions"
	"github.com/argoproj/argo-rollouts/utils/hash"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// special are types that write themselves.
var special = map[reflect.Type]string{
	reflect.TypeOf(metav1.Time{}):        "time",
	reflect.TypeOf(resource.Quantity{}):  "quantity",
	reflect.TypeOf(intstr.IntOrString{}): "intOrString",
	reflect.TypeOf(metav1.FieldsV1{}):    "raw",
	reflect.TypeOf(json.RawMessage{}):    "raw",
}

var types = map[string]any{}

// shape names how a value of a type is written: a word, or words around an inner shape.
func shape(t reflect.Type) string {
	if word, ok := special[t]; ok {
		return word
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + shape(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + shape(t.Elem())
	case reflect.Map:
		return "{}" + shape(t.Elem())
	case reflect.Struct:
		return "." + structure(t)
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "string"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "int"
	case reflect.Interface:
		return "raw"
	}
	panic("no shape for " + t.String())
}

func structure(t reflect.Type) string {
	name := t.String()
	if _, ok := types[name]; ok {
		return name
	}
	types[name] = nil
	types[name] = fields(t)
	return name
}

// fields are [name, shape, omit], those of embedded types in their place; omit is 0 never,
// 1 omitempty, 2 omitzero.
func fields(t reflect.Type) [][]any {
	found := [][]any{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if field.Anonymous && name == "" {
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			found = append(found, fields(inner)...)
			continue
		}
		if name == "" {
			name = field.Name
		}
		omit := 0
		if strings.Contains(options, "omitempty") {
			omit = 1
		}
		if strings.Contains(options, "omitzero") {
			omit = 2
		}
		found = append(found, []any{name, shape(field.Type), omit})
	}
	return found
}

type vector struct {
	Name       string            `json:"name"`
	Template   json.RawMessage   `json:"template,omitempty"`
	Steps      []json.RawMessage `json:"steps,omitempty"`
	Collisions *int32            `json:"collisions,omitempty"`
	Text       string            `json:"text"`
	Hash       string            `json:"hash"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func fill(one *vector) {
	if one.Template != nil {
		var template corev1.PodTemplateSpec
		check(json.Unmarshal(one.Template, &template))
		text, err := json.Marshal(template)
		check(err)
		one.Text, one.Hash = string(text), hash.ComputePodTemplateHash(&template, one.Collisions)
		return
	}
	rollout := v1alpha1.Rollout{}
	rollout.Spec.Strategy.Canary = &v1alpha1.CanaryStrategy{}
	for _, raw := range one.Steps {
		var step v1alpha1.CanaryStep
		check(json.Unmarshal(raw, &step))
		rollout.Spec.Strategy.Canary.Steps = append(rollout.Spec.Strategy.Canary.Steps, step)
	}
	text, err := json.Marshal(rollout.Spec.Strategy.Canary.Steps)
	check(err)
	one.Text, one.Hash = string(text), conditions.ComputeStepHash(&rollout)
}

func main() {
	var out any
	switch os.Args[1] {
	case "fields":
		template := shape(reflect.TypeOf(corev1.PodTemplateSpec{}))
		step := shape(reflect.TypeOf(v1alpha1.CanaryStep{}))
		out = map[string]any{"template": template, "step": step, "types": types}
	case "vectors":
		var cases []*vector
		check(json.NewDecoder(os.Stdin).Decode(&cases))
		for _, one := range cases {
			fill(one)
		}
		out = cases
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	check(encoder.Encode(out))
}
