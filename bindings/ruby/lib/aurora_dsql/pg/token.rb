# frozen_string_literal: true
# Copyright 2026 the dsql-c authors.  SPDX-License-Identifier: Apache-2.0

module AuroraDsql
  module Pg
    # Generates authentication tokens, the passwords of Aurora DSQL.  A token is a presigned request
    # that is signed on this machine and never sent.
    class Token
      # The role whose tokens are for DbConnectAdmin; all other roles use DbConnect.
      ADMIN_USER = "admin"
      # Seconds.
      DURATION = 15 * 60

      # Returns a token.  credentials: an object with access_key_id and secret_access_key, or with
      # #credentials.  Without credentials, those of the profile or of the default chain are used.
      def self.generate(host:, region:, user:, credentials: nil, profile: nil, expires_in: DURATION)
        return generate_with_sdk(host, region, user, credentials, expires_in) if sdk_only?(credentials)

        provider = CredentialProvider.for_credentials(credentials || CredentialProvider.for_profile(profile))
        seconds = duration(expires_in)
        token, = provider.use { |native| Native.token(host, region, required_user(user), seconds, native) }
        token
      rescue Error => e
        raise unless e.status

        raise Error, "Failed to generate authentication token: #{e.message}"
      end

      # Returns the credentials that #generate would use: those of a profile, or of the default
      # chain.  A program that has loaded the AWS SDK gets the SDK's objects, as it does from the
      # official gem.
      def self.resolve_credentials(profile = nil)
        has_profile = profile && !profile.empty?
        if has_profile && defined?(Aws::SharedCredentials)
          Aws::SharedCredentials.new(profile_name: profile)
        elsif !has_profile && defined?(Aws::CredentialProviderChain)
          Aws::CredentialProviderChain.new.resolve
        else
          CredentialProvider.for_profile(profile)
        end
      end

      class << self
        private

        # libdsql would take 0 for its default.
        def duration(expires_in)
          return DURATION if expires_in.nil?
          return expires_in unless expires_in.is_a?(Numeric) && expires_in.to_i.zero?

          raise Error, "Failed to generate authentication token: expires_in must be at least 1 second, " \
                       "got #{expires_in}"
        end

        # Without a user libdsql would take that of the environment.
        def required_user(user)
          raise ArgumentError, "user is required" if user.to_s.empty?

          user
        end

        # True for credentials that only the AWS SDK understands, if a program has loaded it.
        def sdk_only?(credentials)
          !credentials.nil? && !credentials.is_a?(CredentialProvider) &&
            !credentials.respond_to?(:credentials) && !credentials.respond_to?(:access_key_id) &&
            defined?(Aws::DSQL::AuthTokenGenerator)
        end

        def generate_with_sdk(host, region, user, credentials, expires_in)
          generator = Aws::DSQL::AuthTokenGenerator.new(credentials: credentials)
          request = { endpoint: host, region: region, expires_in: expires_in }
          if user == ADMIN_USER
            generator.generate_db_connect_admin_auth_token(**request)
          else
            generator.generate_db_connect_auth_token(**request)
          end
        rescue Aws::Errors::ServiceError => e
          raise Error, "Failed to generate authentication token: #{e.message}"
        end
      end
    end
  end
end
