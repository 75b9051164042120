package integration

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

// compose is what the tests look at in docker-compose.yml.
type compose struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image       string
	Ports       []string
	Volumes     []string
	Healthcheck struct{ Test []string }
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
}

func TestCompose(t *testing.T) {
	text, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseCompose(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "demo", "prometheus", "grafana"} {
		if _, ok := c.Services[name]; !ok {
			t.Errorf("no service %s", name)
		}
	}
	for _, wrong := range c.check("..") {
		t.Error(wrong)
	}
}

func parseCompose(text []byte) (c compose, err error) {
	err = yaml.Unmarshal(text, &c)
	return c, err
}

// exact is an image with the tag of one version: at least two numbers, so that it
// neither is nor becomes another.
var exact = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$`)

// check returns what is wrong; root is the folder of the file.
func (c compose) check(root string) (wrong []string) {
	for name, s := range c.Services {
		report := func(format string, args ...any) {
			wrong = append(wrong, "service "+name+": "+fmt.Sprintf(format, args...))
		}
		if !exact.MatchString(s.Image) {
			report("image %q is not pinned to a version", s.Image)
		}
		if len(s.Healthcheck.Test) < 2 {
			report("no health check")
		}
		for _, port := range s.Ports {
			if ip := net.ParseIP(strings.Split(port, ":")[0]); ip == nil || !ip.IsLoopback() {
				report("port %q is open to others; put 127.0.0.1 before it", port)
			}
		}
		for _, volume := range s.Volumes {
			source := strings.Split(volume, ":")[0]
			if _, named := c.Volumes[source]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, source)); err != nil || !strings.HasPrefix(source, ".") {
				report("mounts %q, which is neither a file here nor a volume", source)
			}
		}
		for other, on := range s.DependsOn {
			if _, ok := c.Services[other]; !ok || on.Condition != "service_healthy" {
				report("does not wait until %s is healthy", other)
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// TestComposeCheckFinds breaks one thing at a time.
func TestComposeCheckFinds(t *testing.T) {
	const good = `
services:
  db:
    image: postgres:17.6-alpine
    ports: [127.0.0.1:5432:5432]
    volumes: [data:/var/lib, ./compose_test.go:/x:ro]
    healthcheck: {test: [CMD, pg_isready]}
  web:
    image: web/web:v1.2.3
    healthcheck: {test: [CMD, wget]}
    depends_on: {db: {condition: service_healthy}}
volumes: {data: }
`
	for _, c := range []struct{ what, old, new, want string }{
		{"nothing", "", "", ""},
		{"the newest image", "postgres:17.6-alpine", "postgres:latest", `service db: image "postgres:latest" is not pinned to a version`},
		{"an image without tag", "postgres:17.6-alpine", "postgres", `service db: image "postgres" is not pinned to a version`},
		{"an image of a series", "postgres:17.6-alpine", "postgres:17-alpine", `service db: image "postgres:17-alpine" is not pinned to a version`},
		{"a port for all", "127.0.0.1:5432:5432", `"5432:5432"`, `service db: port "5432:5432" is open to others; put 127.0.0.1 before it`},
		{"a port on any address", "127.0.0.1:5432:5432", "0.0.0.0:5432:5432", `service db: port "0.0.0.0:5432:5432" is open to others; put 127.0.0.1 before it`},
		{"a file that is not there", "./compose_test.go", "./compose.go", `service db: mounts "./compose.go", which is neither a file here nor a volume`},
		{"a volume that is not declared", "[data:", "[dates:", `service db: mounts "dates", which is neither a file here nor a volume`},
		{"no health check", "healthcheck: {test: [CMD, wget]}", "", "service web: no health check"},
		{"no patience", "service_healthy", "service_started", "service web: does not wait until db is healthy"},
	} {
		t.Run(c.what, func(t *testing.T) {
			parsed, err := parseCompose([]byte(strings.Replace(good, c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(parsed.check("."), "; "); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestComposeScrapes: Prometheus asks the address at which the demo listens, and finds
// its rules where they are mounted.
func TestComposeScrapes(t *testing.T) {
	text, err := os.ReadFile("../deploy/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	composeText, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := parseCompose(composeText)
	if err != nil {
		t.Fatal(err)
	}
	targets := 0
	for _, scrape := range config.ScrapeConfigs {
		for _, static := range scrape.StaticConfigs {
			for _, target := range static.Targets {
				targets++
				host, port, err := net.SplitHostPort(target)
				if err != nil {
					t.Fatal(err)
				}
				s, ok := c.Services[host]
				if !ok || !slices.ContainsFunc(s.Ports, func(p string) bool { return strings.HasSuffix(p, ":"+port) }) {
					t.Errorf("scrapes %s, which no service offers", target)
				}
			}
		}
	}
	if targets == 0 {
		t.Error("scrapes nothing")
	}
	for _, file := range config.RuleFiles {
		if !slices.ContainsFunc(c.Services["prometheus"].Volumes, func(v string) bool { return strings.HasSuffix(v, ":"+file+":ro") }) {
			t.Errorf("reads %s, which is not mounted", file)
		}
	}
	if len(config.RuleFiles) == 0 {
		t.Error("reads no rules")
	}
}
