package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mockpay/mockpay/scenarios"
)

func (c *cli) scenarioValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check scenario files, and all in folders (needs no server)",
		Args:  takesSome,
		RunE: func(_ *cobra.Command, paths []string) error {
			files, err := scenarioFiles(paths)
			if err != nil {
				return usage(err)
			}
			mistakes, err := checkFiles(files)
			if err != nil {
				return usage(err)
			}
			if err := c.showMistakes(mistakes, len(files)); err != nil {
				return err
			}
			if len(mistakes) > 0 {
				return usagef("%s in %s", count(len(mistakes), "mistake"), count(len(files), "file"))
			}
			return nil
		},
	}
}

// scenarioFiles lists the files named, and in place of each folder the YAML
// files below it, in order of their names.
func scenarioFiles(paths []string) (files []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found, err := scenarios.Files(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("no .yaml files in %s", path)
		}
		files = append(files, found...)
	}
	return files, nil
}

// checkFiles returns the mistakes in all files.
func checkFiles(files []string) (all scenarios.Mistakes, err error) {
	lang := language()
	for _, file := range files {
		_, err := lang.LoadFile(file)
		var found scenarios.Mistakes
		if err != nil && !errors.As(err, &found) {
			return nil, err
		}
		all = all.And(found)
	}
	return all, nil
}

func (c *cli) showMistakes(mistakes scenarios.Mistakes, files int) error {
	type mistake struct {
		File    string `json:"file"`
		Line    int    `json:"line"`
		Column  int    `json:"column"`
		Path    string `json:"path"`
		Message string `json:"message"`
	}
	report := struct {
		OK     bool      `json:"ok"`
		Errors []mistake `json:"errors"`
	}{len(mistakes) == 0, []mistake{}}
	for _, m := range mistakes {
		report.Errors = append(report.Errors, mistake{m.File, m.Line, m.Column, m.Path, m.Message})
	}
	return c.showLocal(report, func(w io.Writer) {
		for _, m := range mistakes {
			fmt.Fprintln(w, m)
		}
		if report.OK {
			fmt.Fprintf(w, "ok: %s\n", count(files, "file"))
		}
	})
}

// count is a number of things, "1 file" or "2 files".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
