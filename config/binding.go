package config

import (
	"errors"
	"reflect"
	"strings"
	"time"
)

// binding ties the name of a setting to the field that it sets.
type binding struct {
	name string
	// set reads the value as it was given. Its error completes the sentence "name …", and does not
	// repeat values that may be secret.
	set func(text string) error
	// show returns the value without secrets, as it may be printed.
	show func() string
	// changed reports whether the field differs from what it was when it was bound.
	changed func() bool
}

// bind makes a binding of a field and a function that reads its kind of value. Text is where the value is
// shown as it was given.
func bind[T any](name string, field *T, parse func(string) (T, error)) binding {
	before, shown := *field, ""
	set := func(text string) error {
		value, err := parse(plain(text))
		if err != nil {
			return err
		}
		*field, shown = value, strings.Join(strings.Fields(plain(text)), " ")
		return nil
	}
	return binding{
		name: name, set: set,
		show:    func() string { return shown },
		changed: func() bool { return !reflect.DeepEqual(before, *field) },
	}
}

func text(name string, field *string) binding {
	return bind(name, field, func(text string) (string, error) { return text, nil })
}

func choice[T ~string](name string, field *T, allowed ...string) binding {
	return bind(name, field, func(text string) (T, error) { return T(text), oneOf(text, allowed...) })
}

func flag(name string, field *bool) binding { return bind(name, field, parseBool) }

// limit is a whole number, of which 0, or nothing, means no limit.
func limit(name string, field *int) binding {
	return bind(name, field, func(text string) (int, error) {
		if text == "" {
			return 0, nil
		}
		return parseInt(text, 0, unbounded)
	})
}

// count is a whole number of at least lo.
func count(name string, field *int, lo int) binding { return between(name, field, lo, unbounded) }

func between(name string, field *int, lo, hi int) binding {
	return bind(name, field, func(text string) (int, error) { return parseInt(text, lo, hi) })
}

// seconds is a duration that is not negative; nothing means 0.
func seconds(name string, field *time.Duration) binding { return duration(name, field, time.Second) }

func duration(name string, field *time.Duration, unit time.Duration) binding {
	return bind(name, field, func(text string) (time.Duration, error) {
		if text == "" {
			return 0, nil
		}
		value, err := parseDuration(text, unit)
		if value < 0 {
			return 0, errors.New("must not be negative")
		}
		return value, err
	})
}

// optionalSeconds is a duration of which a negative value, or nothing, means none.
func optionalSeconds(name string, field *time.Duration) binding {
	return bind(name, field, func(text string) (time.Duration, error) {
		if text == "" {
			return -time.Second, nil
		}
		return parseDuration(text, time.Second)
	})
}

func list(name string, field *[]string) binding {
	return bind(name, field, func(text string) ([]string, error) { return items(text), nil })
}

// named is the name of a component.
func named[T any](name string, field *T, names map[string]T, advice string) binding {
	return bind(name, field, func(text string) (T, error) { return component(names, text, advice) })
}

// secret is never shown.
func secret(name string, field *Secret) binding {
	b := bind(name, field, func(text string) (Secret, error) { return Secret(text), nil })
	b.show = func() string { return field.String() }
	return b
}

// address is a URL, or nothing. Of its credentials nothing is shown.
func address(name string, field *URL, parse func(string) (URL, error)) binding {
	b := bind(name, field, func(text string) (URL, error) {
		if text == "" {
			return "", nil
		}
		return parse(text)
	})
	b.show = func() string { return field.String() }
	return b
}

// addresses is a list of URLs of the given schemes, to the first of which belongs an address without scheme.
func addresses(name string, field *[]URL, schemes ...string) binding {
	b := bind(name, field, func(text string) ([]URL, error) {
		var urls []URL
		for _, item := range items(text) {
			u, err := withScheme(item, schemes...)
			if err != nil {
				return nil, err
			}
			urls = append(urls, u)
		}
		return urls, nil
	})
	b.show = func() string { return joinURLs(*field) }
	return b
}
