# Everything a person or CI types. Tools that are not Debian packages are built once into .cache/tools.

export CGO_ENABLED ?= 0
TOOLS := $(CURDIR)/.cache/tools
export PATH := $(TOOLS):$(PATH)

.PHONY: build demo lab test e2e kubernetes crash bench lint golden tools

build: ## build hardway and hardway-lab into bin/
	go build -trimpath -o bin/ ./cmd/...

demo: build ## the main job on three hosts on this machine; KEEP=1 leaves them running
	./test/demo.sh $(if $(KEEP),--keep)

LAB ?= .lab
lab: build ## six machines with the real systemd, as containers, and Kubernetes for them; in LAB=.lab
	./test/lab.sh $(LAB)

test: tools ## every test of the project
	go vet ./...
	go test -timeout 30m ./...

CRASHED ?= . # which commands, as `go test -run` takes it
crash: ## kill and cut hardway at every point of its commands, and run it again; `make test` tries a sample of them
	go test -count 1 -timeout 180m -v ./test/crash -every -run '$(strip $(CRASHED))'

tools: ## install what the tests need, or say what is missing
	./test/install-tools.sh $(TOOLS)

e2e: tools ## a whole control plane of real components, restarted under load, and on machines; builds them first
	./test/install-docker.sh
	go vet -tags e2e ./test
	HARDWAY_KUBERNETES=$$(./test/kubernetes/build.sh) && export HARDWAY_KUBERNETES && \
	  HARDWAY_ADDONS=$$(./test/kubernetes/addons/build.sh) && export HARDWAY_ADDONS && \
	  HARDWAY_PREVIOUS=$$(./test/kubernetes/previous/build.sh) && export HARDWAY_PREVIOUS && \
	  go test -tags e2e -count 1 -timeout 60m -run '^Test(ControlPlane|Machines)' ./test

kubernetes: ## build the real Kubernetes, etcd and add-ons that end-to-end tests run, once: minutes the first time
	./test/kubernetes/build.sh
	./test/kubernetes/addons/build.sh
	./test/kubernetes/previous/build.sh

bench: build tools ## ours, the others' and the physical limit, side by side in one run
	./test/install-tools.sh --bench $(TOOLS)
	./test/install-docker.sh
	kubernetes=$$(./test/kubernetes/build.sh) && HARDWAY_ADDONS=$$(./test/kubernetes/addons/build.sh) && export HARDWAY_ADDONS && \
	  PATH="$$PATH:$$kubernetes" go run ./test/bench

lint: ## gofmt, go vet and the linters of .golangci.yml
	cd test/lint && go build -o $(TOOLS)/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	golangci-lint run ./...

golden: ## record the golden files anew; the run fails on purpose, so that recording cannot be left on
	-go test ./controlplane ./haproxy ./etcd ./worker -record
	-go test ./test -run Readme -record
	git status --short
