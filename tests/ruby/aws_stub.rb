# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

# Defines only those names of the AWS SDK that the official gem's unit tests replace with doubles.
module Aws
  module Errors
    class ServiceError < RuntimeError
      def initialize(_context, message)
        super(message)
      end
    end
  end

  class SharedCredentials
    def initialize(profile_name:); end
  end

  class CredentialProviderChain
    def resolve; end
  end

  module DSQL
    class AuthTokenGenerator
      def initialize(credentials:); end
      def generate_db_connect_auth_token(**); end
      def generate_db_connect_admin_auth_token(**); end
    end
  end
end
