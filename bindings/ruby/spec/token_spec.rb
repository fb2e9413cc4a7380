# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

require_relative "spec_helper"

RSpec.describe AuroraDsql::Pg::Token do
  let(:credentials) { SomeCredentials.new("AKIDEXAMPLE", "sEcReT+kEy/", "ToKeN==") }

  def generate(**options)
    described_class.generate(host: HOST, region: "us-east-1", user: "admin",
                             credentials: credentials, **options)
  end

  it "signs DbConnectAdmin for admin and DbConnect for other users" do
    expect(generate).to start_with("#{HOST}/?Action=DbConnectAdmin&")
    expect(generate(user: "app")).to start_with("#{HOST}/?Action=DbConnect&")
  end

  it "expires after 15 minutes, or after the given time" do
    expect(generate).to include("X-Amz-Expires=900&")
    expect(generate(expires_in: 60)).to include("X-Amz-Expires=60&")
  end

  it "rejects a duration of zero and an empty user" do
    [0, 0.5, -5].each do |bad|
      expect { generate(expires_in: bad) }.to raise_error(AuroraDsql::Pg::Error, /Failed to generate/)
    end
    ENV["PGUSER"] = "admin"
    [nil, ""].each { |bad| expect { generate(user: bad) }.to raise_error(ArgumentError, "user is required") }
  end

  it "accepts a credentials provider" do
    provider = Struct.new(:credentials).new(credentials)
    expect(generate(credentials: provider)).to include("Credential=AKIDEXAMPLE%2F")
  end

  it "reads a provider again after its credentials were rotated" do
    provider = Struct.new(:credentials).new(credentials)
    generate(credentials: provider)
    provider.credentials = SomeCredentials.new("AKIDOTHER", "other", nil)
    expect(generate(credentials: provider)).to include("Credential=AKIDOTHER%2F")
  end

  it "rejects an object without credentials" do
    expect { generate(credentials: 42) }.to raise_error(ArgumentError, /access_key_id/)
  end

  it "reports why there is no token, without revealing a secret" do
    expect { generate(expires_in: 604_801) }
      .to raise_error(AuroraDsql::Pg::Error, /\AFailed to generate authentication token: /)
    expect { generate(host: "not a name") }.to raise_error(AuroraDsql::Pg::Error) { |e|
      expect(e.message).not_to include("sEcReT")
    }
    expect { generate(host: "nul\0.example") }.to raise_error(ArgumentError)
  end

  it "wraps the error of an empty credential chain" do
    expect { described_class.generate(host: HOST, region: "us-east-1", user: "admin") }
      .to raise_error(AuroraDsql::Pg::Error, /Failed to generate authentication token: no AWS credentials/)
  end

  describe ".resolve_credentials" do
    it "returns the credentials of the default chain" do
      ENV["AWS_ACCESS_KEY_ID"] = "AKIDENV"
      ENV["AWS_SECRET_ACCESS_KEY"] = "envsecret"
      provider = AuroraDsql::Pg::CredentialProvider.new(AuroraDsql::Pg::Native::Provider.default(nil))
      expect(provider.credentials.access_key_id).to eq("AKIDENV")
      expect(provider.inspect).not_to include("envsecret")
      expect(provider.credentials.inspect).not_to include("envsecret")
    end

    it "returns one provider for each profile" do
      expect(described_class.resolve_credentials("dev")).to be(described_class.resolve_credentials("dev"))
      expect(described_class.resolve_credentials("dev")).not_to be(described_class.resolve_credentials(nil))
    end
  end

  # A program that has loaded the AWS SDK keeps using it, as with the official gem.
  context "with the SDK loaded" do
    let(:generator) { double("generator") }

    before do
      stub_const("Aws::Errors::ServiceError", Class.new(RuntimeError))
      stub_const("Aws::DSQL::AuthTokenGenerator", double(new: generator))
      stub_const("Aws::SharedCredentials", double)
      stub_const("Aws::CredentialProviderChain", double)
    end

    it "lets the SDK sign with credentials that only it understands" do
      expect(generator).to receive(:generate_db_connect_admin_auth_token)
        .with(endpoint: HOST, region: "us-east-1", expires_in: 900).and_return("from the SDK")
      expect(generate(credentials: double("opaque"))).to eq("from the SDK")
    end

    it "wraps the SDK's errors" do
      allow(generator).to receive(:generate_db_connect_auth_token)
        .and_raise(Aws::Errors::ServiceError, "Access denied")
      expect { generate(user: "app", credentials: double("opaque")) }
        .to raise_error(AuroraDsql::Pg::Error, "Failed to generate authentication token: Access denied")
    end

    it "resolves to the SDK's objects" do
      allow(Aws::SharedCredentials).to receive(:new).with(profile_name: "dev").and_return(:shared)
      allow(Aws::CredentialProviderChain).to receive(:new).and_return(double(resolve: :chain))
      expect(described_class.resolve_credentials("dev")).to eq(:shared)
      expect(described_class.resolve_credentials).to eq(:chain)
      expect(described_class.resolve_credentials("")).to eq(:chain)
    end
  end
end
