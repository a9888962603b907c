package mockpay_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// A deployment is what a file for a pipeline or a cluster says about mockpay.
type deployment struct {
	image string            // "." if it is built
	env   map[string]string // of the server
	tests map[string]string // of those who call it
	ports []string          // of the container, also as HOST:CONTAINER
	paths []string          // that are probed
}

// TestDeployments takes what the documents show for pipelines and clusters, and
// compose.yaml, at their word: a server with that environment, and no arguments,
// answers what is probed there.
func TestDeployments(t *testing.T) {
	shown := yamlBlocks(t, "docs/ci.md")
	for name, read := range map[string]func(*testing.T, string) deployment{
		".github/workflows/test.yml": gitHub, ".gitlab-ci.yml": gitLab, "kubectl apply -f mockpay.yaml": kubernetes, "compose.yaml": compose,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, shown, name)
			read(t, shown[name]).works(t)
		})
	}
	assert.Len(t, shown, 5, "and prometheus.yml")
	t.Run("Ours", func(t *testing.T) {
		t.Parallel()
		d := compose(t, document(t, "compose.yaml"))
		assert.Equal(t, ".", d.image)
		d.works(t)
	})
}

var yamlBlock = regexp.MustCompile("(?s)\n```yaml\n# ([^\n]*)\n(.*?)```\n")

// yamlBlocks are the files that a document shows, by the name in their first line.
func yamlBlocks(t *testing.T, file string) map[string]string {
	blocks := make(map[string]string)
	text := document(t, file)
	for _, m := range yamlBlock.FindAllStringSubmatch(text, -1) {
		blocks[m[1]] = m[2]
	}
	assert.Len(t, blocks, strings.Count(text, "```yaml"), "each begins with its name")
	return blocks
}

var (
	exposed = regexp.MustCompile(`(?m)^EXPOSE (\d+)$`)
	anyURL  = regexp.MustCompile(`https?://([a-z0-9.:]+)(/\S*)?`)
)

func (d deployment) works(t *testing.T) {
	assert.Contains(t, []string{".", "registry.example.com/mockpay"}, d.image)
	port := exposed.FindStringSubmatch(document(t, "Dockerfile"))[1]
	for _, p := range d.ports {
		assert.Equal(t, port, p[strings.LastIndex(p, ":")+1:], "the image's port")
	}
	for name, value := range d.tests {
		assert.Contains(t, flagVariables(t, "health"), name)
		assert.Regexp(t, `^http://(mockpay|127\.0\.0\.1):`+port+`$`, value)
	}
	for name := range d.env {
		assert.Contains(t, flagVariables(t, "serve"), name)
	}
	assert.NotEmpty(t, d.env)
	url := d.serve(t)
	for _, path := range append(d.paths, "/readyz") {
		res, err := http.Get(url + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
	}
}

// flagVariables are the variables of a verb's flags.
func flagVariables(t *testing.T, verb string) (names []string) {
	help, err := exec.CommandContext(t.Context(), program(t), "help", verb).Output()
	require.NoError(t, err)
	for _, m := range helpFlag.FindAllStringSubmatch(string(help), -1) {
		names = append(names, "MOCKPAY_"+strings.ToUpper(strings.ReplaceAll(m[1][2:], "-", "_")))
	}
	return names
}

// serve runs the server with the environment of the deployment, and that of the
// tests too: GitLab gives a service the job's variables. It returns its URL.
func (d deployment) serve(t *testing.T) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience) // longer than the test, for it is stopped after it
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program(t))
	cmd.Env = []string{
		"MOCKPAY_ADDR=127.0.0.1:", "PORT=0",
		// Kubernetes sets these beside a service called mockpay, GitLab some of them.
		"MOCKPAY_SERVICE_HOST=10.96.0.7", "MOCKPAY_SERVICE_PORT=4402", "MOCKPAY_PORT=tcp://10.96.0.7:4402",
		"MOCKPAY_PORT_4402_TCP=tcp://10.96.0.7:4402", "MOCKPAY_PORT_4402_TCP_PROTO=tcp",
		"MOCKPAY_PORT_4402_TCP_PORT=4402", "MOCKPAY_PORT_4402_TCP_ADDR=10.96.0.7",
	}
	for _, env := range []map[string]string{d.env, d.tests} {
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, cmd.Wait(), "%s", &stderr)
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if url, ready := strings.CutPrefix(lines.Text(), "mockpay ready on "); ready {
			return url
		}
	}
	t.Fatalf("it is not ready: %s", &stderr)
	return ""
}

// decode reads YAML that says nothing but what into knows.
func decode(t *testing.T, text string, into ...any) {
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	for _, part := range into {
		require.NoError(t, d.Decode(part))
	}
	require.ErrorIs(t, d.Decode(new(any)), io.EOF)
}

func gitHub(t *testing.T, text string) deployment {
	var f struct {
		On   string
		Jobs map[string]struct {
			RunsOn   string `yaml:"runs-on"`
			Services map[string]struct {
				Image   string
				Ports   []string
				Env     map[string]string
				Options string
			}
			Steps []struct {
				Uses, Run, If string
				Env           map[string]string
			}
		}
	}
	decode(t, text, &f)
	job := f.Jobs["test"]
	s := job.Services["mockpay"]
	d := deployment{image: s.Image, env: s.Env, ports: s.Ports, tests: job.Steps[1].Env}
	assert.NotEmpty(t, s.Ports, "steps run outside of containers")
	assert.Equal(t, "--add-host host.docker.internal:host-gateway", s.Options)
	d.paths = []string{pathIn(t, job.Steps[2].Run)}
	return d
}

// pathIn is the path of the URL in a command.
func pathIn(t *testing.T, command string) string {
	url := anyURL.FindStringSubmatch(command)
	require.NotNil(t, url, command)
	return url[2]
}

func gitLab(t *testing.T, text string) deployment {
	var f map[string]struct {
		Image    string
		Services []struct {
			Name, Alias string
			Variables   map[string]string
		}
		Variables   map[string]string
		Script      []string
		AfterScript []string `yaml:"after_script"`
	}
	decode(t, text, &f)
	job := f["test"]
	s := job.Services[0]
	assert.Equal(t, "mockpay", s.Alias)
	return deployment{image: s.Name, env: s.Variables, tests: job.Variables, paths: []string{pathIn(t, job.AfterScript[0])}}
}

type labels struct{ App string }

type metadata struct {
	Name   string
	Labels labels
}

type kind struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
}

type probe struct {
	HTTPGet struct {
		Path string
		Port int
	} `yaml:"httpGet"`
}

type k8sContainer struct {
	Name, Image string
	Env         []struct{ Name, Value string }
	Ports       []struct {
		ContainerPort int `yaml:"containerPort"`
	}
	ReadinessProbe  probe `yaml:"readinessProbe"`
	LivenessProbe   probe `yaml:"livenessProbe"`
	SecurityContext struct {
		RunAsNonRoot             bool  `yaml:"runAsNonRoot"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		Capabilities             struct{ Drop []string }
		SeccompProfile           struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
}

type podSpec struct {
	AutomountServiceAccountToken *bool `yaml:"automountServiceAccountToken"`
	Containers                   []k8sContainer
}

func kubernetes(t *testing.T, text string) deployment {
	var deployed struct {
		kind `yaml:",inline"`
		Spec struct {
			Selector struct {
				MatchLabels labels `yaml:"matchLabels"`
			}
			Template struct {
				Metadata metadata
				Spec     podSpec
			}
		}
	}
	var service struct {
		kind `yaml:",inline"`
		Spec struct {
			Selector labels
			Ports    []struct{ Port int }
		}
	}
	decode(t, text, &deployed, &service)
	assert.Equal(t, kind{"apps/v1", "Deployment", metadata{Name: "mockpay"}}, deployed.kind)
	assert.Equal(t, kind{"v1", "Service", metadata{Name: "mockpay"}}, service.kind)
	assert.NotEmpty(t, service.Spec.Selector)
	assert.Equal(t, service.Spec.Selector, deployed.Spec.Selector.MatchLabels)
	assert.Equal(t, service.Spec.Selector, deployed.Spec.Template.Metadata.Labels)
	d := deployed.Spec.Template.Spec.Containers[0].deployed(t)
	d.ports = append(d.ports, strconv.Itoa(service.Spec.Ports[0].Port))
	return d
}

func (c k8sContainer) deployed(t *testing.T) deployment {
	s := c.SecurityContext
	require.NotNil(t, s.AllowPrivilegeEscalation)
	assert.True(t, s.RunAsNonRoot && s.ReadOnlyRootFilesystem && !*s.AllowPrivilegeEscalation)
	assert.Equal(t, []string{"ALL"}, s.Capabilities.Drop)
	assert.Equal(t, "RuntimeDefault", s.SeccompProfile.Type)
	d := deployment{image: c.Image, env: make(map[string]string), ports: []string{strconv.Itoa(c.Ports[0].ContainerPort)}}
	for _, v := range c.Env {
		d.env[v.Name] = v.Value
	}
	for _, p := range []probe{c.ReadinessProbe, c.LivenessProbe} {
		d.paths = append(d.paths, p.HTTPGet.Path)
		d.ports = append(d.ports, strconv.Itoa(p.HTTPGet.Port))
	}
	return d
}

func compose(t *testing.T, text string) deployment {
	var f struct {
		Services map[string]struct {
			Build, Image string
			Ports        []string
			Environment  map[string]string
			ExtraHosts   []string                              `yaml:"extra_hosts"`
			ReadOnly     bool                                  `yaml:"read_only"`
			CapDrop      []string                              `yaml:"cap_drop"`
			SecurityOpt  []string                              `yaml:"security_opt"`
			DependsOn    map[string]struct{ Condition string } `yaml:"depends_on"`
		}
	}
	decode(t, text, &f)
	s := f.Services["mockpay"]
	for name, other := range f.Services {
		for on, dependency := range other.DependsOn {
			assert.Equal(t, "mockpay service_healthy", on+" "+dependency.Condition, name)
		}
	}
	for _, p := range s.Ports {
		assert.True(t, strings.HasPrefix(p, "127.0.0.1:"), "it is no business of the network: %s", p)
	}
	d := deployment{image: s.Image, env: s.Environment, ports: s.Ports, tests: f.Services["tests"].Environment}
	if s.Build != "" {
		d.image = s.Build
	}
	return d
}
